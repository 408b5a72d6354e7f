import {messageOf} from '../errors.ts';

/**
 * Why a Redis cannot be used, as a label of a metric. `no-answer`: down or hung. `read-only`: demoted to a replica.
 * `full`: its memory is used up and it may evict nothing.
 */
export const REDIS_TROUBLES = [
  'no-answer',
  'read-only',
  'full',
  'loading',
  'disk',
  'rights',
  'password',
  'max-clients',
  'cluster-down',
  'other',
] as const;
export type RedisTrouble = (typeof REDIS_TROUBLES)[number];

/** The cure of each, for the operator. */
export const REDIS_CURES: Readonly<Record<RedisTrouble, string>> = {
  'no-answer': 'Redis does not answer',
  'read-only': 'Redis is a replica and takes no writes: its address must lead to the primary',
  full: 'Redis is full and takes no writes: give it memory (maxmemory), or empty it',
  loading: 'Redis is loading its data',
  disk: 'Redis cannot save and takes no writes: look at its disk (rdb_last_bgsave_status)',
  rights: 'Redis refuses our user a command, a key or a channel: see "Rights in Redis" in the runbook',
  password: 'Redis refuses our password',
  'max-clients': 'Redis takes no more connections (maxclients)',
  'cluster-down': 'the Redis Cluster has slots without a primary',
  other: 'Redis refuses what we ask',
};

/** The words with which Redis or its client begins an error. */
const SIGNS: readonly (readonly [RegExp, RedisTrouble])[] = [
  [/^(READONLY|MASTERDOWN|UNBLOCKED force unblock)|-READONLY/, 'read-only'],
  [/^OOM|-OOM/, 'full'],
  [/^LOADING/, 'loading'],
  [/^MISCONF/, 'disk'],
  [/^(NOAUTH|WRONGPASS)|invalid password|called without any password/, 'password'],
  [/^NOPERM|-NOPERM|The user executing the script can't|^ERR unknown command/, 'rights'],
  [/max number of clients/, 'max-clients'],
  [/^(CLUSTERDOWN|TRYAGAIN)/, 'cluster-down'],
  [/^[A-Z]{3,} /, 'other'],
];

/** The trouble that an error of Redis, or of the connection to it, stands for. */
export function redisTroubleOf(thrown: unknown): RedisTrouble {
  const message = messageOf(thrown);
  return SIGNS.find(([sign]) => sign.test(message))?.[1] ?? 'no-answer';
}
