/**
 * What each process may do in Redis, and no more: the commands it sends itself or in scripts, the keys and the channels it
 * uses. `npm run redis-acl` prints it in the words of Redis, each process checks it at its start, and a test carries calls
 * with exactly these rights.
 */

/** Commands on the keys of one pattern. */
interface KeyRights {
  readonly key: string;
  /** The keys cannot be written, whatever commands the user has for others. */
  readonly readOnly?: true;
  readonly commands: readonly string[];
}

interface Rights {
  readonly keys: readonly KeyRights[];
  readonly channels: readonly string[];
}

const words = (text: string) => text.split(' ');

const SCRIPT = ['eval', 'evalsha'];
/** Entry, journal and past of a call: its scripts are the same for all who use them. */
const CALL: KeyRights = {
  key: 'call:*',
  commands: [
    ...words('set del exists expire'),
    ...words('hset hget hmget hgetall hincrby hdel'),
    ...words('xadd xlen xrange rpush lrange'),
    ...SCRIPT,
  ],
};
/** Reads the members, and removes one that is gone without a word. */
const FLEET = ['set', 'zrange', 'hgetall', 'pttl', 'exists', 'zrem', ...SCRIPT];
const JOIN_FLEET = [...FLEET, 'zadd', 'hset', 'pexpire', 'del'];
/**
 * The scripts of the ledger: what calls cost, and how many there are. In this order the check of the rights, which tries them
 * one after the other, leaves no key behind.
 */
const SPEND: KeyRights = {
  key: 'spend:*',
  commands: [...words('zadd zcard zscore hget hmget hset hincrby expire pexpire zremrangebyscore zrem'), ...SCRIPT],
};
const FRAMES = ['media:*', 'worker:*', 'asker:*', 'echo:*', 'fleet:*'];

/** What the scripts of BullMQ and its workers send. A test compares it with the scripts of the version that is installed. */
const QUEUE: Rights = {
  keys: [
    {
      key: '{vb}:*',
      commands: [
        ...words('get set incr del unlink exists pexpire pexpireat pttl persist type'),
        ...words('hget hset hmget hmset hgetall hdel hexists hincrby hlen'),
        ...words('lpush rpush lpop rpop rpoplpush llen lrange lrem lindex lpos lset ltrim'),
        ...words('sadd srem scard smembers sismember'),
        ...words('zadd zrem zscore zcard zcount zrange zrangebylex zrangebyscore zrevrange'),
        ...words('zrevrangebyscore zremrangebyrank zremrangebyscore zpopmin zlexcount bzpopmin'),
        ...words('xadd xtrim xlen xrange xdel'),
        ...SCRIPT,
      ],
    },
  ],
  channels: [],
};

const RIGHTS = {
  webhook: {
    keys: [
      CALL,
      {key: 'calls:*', commands: ['sadd', 'srem']},
      {key: 'ticket:*', commands: ['set', 'getdel']},
      {key: 'fleet:*', commands: FLEET},
      {key: 'says:*', readOnly: true, commands: ['get']},
      SPEND,
    ],
    channels: ['worker:*', 'asker:*', 'echo:*', 'fleet:*'],
  },
  'media-edge': {
    keys: [CALL, {key: 'ticket:*', commands: ['set', 'getdel']}, {key: 'fleet:*', commands: JOIN_FLEET}],
    channels: FRAMES,
  },
  'realtime-worker': {
    keys: [
      CALL,
      {key: 'calls:*', commands: ['sadd', 'srem', 'smembers', 'scard', 'sscan', 'srandmember']},
      // `del` is for the check of the rights only, which leaves no key behind.
      {key: 'assistant:*', commands: ['set', 'get', 'del']},
      {key: 'says:*', commands: ['set', 'del']},
      {key: 'operator:*', commands: ['set', 'del', 'lpop']},
      {key: 'fleet:*', commands: JOIN_FLEET},
      SPEND,
    ],
    channels: FRAMES,
  },
  queue: QUEUE,
  /** Analytics looks who is there, and asks workers for what operators may do; it can neither take nor move a call. */
  fleet: {
    keys: [
      {key: 'fleet:*', readOnly: true, commands: ['zrange', 'hgetall', 'pttl']},
      {key: 'operator:*', commands: ['get', 'rpush', 'pexpire', 'del']},
    ],
    channels: [],
  },
} satisfies Record<string, Rights>;

/** What a Redis is used for. */
export type RedisUse = keyof typeof RIGHTS;

/**
 * On no key: INFO has the version and whether data is still loaded, SETNAME names our connections in CLIENT LIST, and REPLY
 * spares us answers about frames. We do without these three where they are forbidden.
 */
const ON_NO_KEY = ['info', 'client|setname', 'client|reply', 'multi', 'exec', 'time', 'ping'];
/**
 * Who serves what in a Cluster, and ASKING before a command whose slot is just being moved: without it the command is sent
 * to and fro until the slot has arrived. The library says the last two when a node changes its role.
 */
const OF_CLUSTER = ['cluster|slots', 'cluster|info', 'asking', 'readonly', 'readwrite'];

export function rightsFor(use: RedisUse): Rights {
  return RIGHTS[use];
}

/** The user of each service: what it uses `REDIS_URL` and `QUEUE_REDIS_URL` for. */
export const REDIS_USERS = ['webhook', 'media-edge', 'realtime-worker', 'analytics'] as const;
export type RedisUser = (typeof REDIS_USERS)[number];
const USERS: Readonly<Record<RedisUser, {readonly bus: RedisUse; readonly queue?: RedisUse}>> = {
  webhook: {bus: 'webhook', queue: 'queue'},
  'media-edge': {bus: 'media-edge'},
  'realtime-worker': {bus: 'realtime-worker', queue: 'queue'},
  analytics: {bus: 'fleet', queue: 'queue'},
};

/** What the bus is used for by the service that this user is named after; by a worker, who needs most, if it is another. */
export function busUseOf(user: string | undefined): RedisUse {
  const known = REDIS_USERS.find(name => name === user);
  return known ? USERS[known].bus : 'realtime-worker';
}

/** Which of the two a Redis is; `both` for one that is both. */
export type RedisPart = 'bus' | 'queue' | 'both';

/** The rules of a user in the words of `ACL SETUSER`; undefined if the service does not use this Redis. */
export function aclRules(user: RedisUser, part: RedisPart): string | undefined {
  const uses = USERS[user];
  const wanted = [part === 'queue' ? undefined : uses.bus, part === 'bus' ? undefined : uses.queue];
  const rights = wanted.flatMap(use => (use ? [rightsFor(use)] : []));
  if (rights.length === 0) return undefined;
  const keys = rights.flatMap(each => each.keys);
  const channels = [...new Set(rights.flatMap(each => each.channels))];
  const commands = new Set([...keys.flatMap(each => each.commands), ...ON_NO_KEY, ...OF_CLUSTER]);
  if (channels.length > 0) for (const command of ['spublish', 'ssubscribe', 'sunsubscribe']) commands.add(command);
  return [
    ...keys.map(({key, readOnly}) => `${readOnly ? '%R' : ''}~${key}`),
    ...channels.map(channel => `&${channel}`),
    '-@all',
    ...[...commands].toSorted((one, other) => one.localeCompare(other)).map(command => `+${command}`),
  ].join(' ');
}
