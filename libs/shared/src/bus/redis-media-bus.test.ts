import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';
import {createLog} from '../observability/log.ts';
import {hello, ScriptedRedis, type Script} from '../testing/scripted-redis.ts';
import {systemClock} from '../time.ts';
import {slotOf, SLOTS} from './channel-slot.ts';
import type {MediaBus} from './media-bus.ts';
import {openRedisMediaBus} from './redis-media-bus.ts';

interface Line {
  readonly level: string;
  readonly msg: string;
  readonly err?: {readonly message: string};
}

let stack: AsyncDisposableStack;
let lines: Line[];
let redis: ScriptedRedis;
beforeEach(async () => {
  stack = new AsyncDisposableStack();
  lines = [];
  redis = stack.use(await ScriptedRedis.start());
});
afterEach(() => stack.disposeAsync());

const log = createLog('test', {level: 'info', to: {write: line => void lines.push(JSON.parse(line) as Line)}});
const said = (msg: string) => lines.filter(line => line.msg === msg);
const soon = (isSo: () => void) => vi.waitFor(isSo, {timeout: 5_000, interval: 5});

async function open(url = `redis://127.0.0.1:${redis.port}`): Promise<MediaBus> {
  return stack.use(await openRedisMediaBus(url, {clock: systemClock, log}));
}

/** What was heard on a channel, in order. */
async function listen(bus: MediaBus, channel: string): Promise<string[]> {
  const heard: string[] = [];
  await bus.subscribe(channel, message => heard.push(message.toString('latin1')));
  return heard;
}

/** An outlet whose results are kept: which message, and how many got it. */
function outletOf(bus: MediaBus, channel: string) {
  const results: [tag: number, receivers: number][] = [];
  const outlet = bus.outlet(channel, (tag, receivers) => results.push([tag, receivers]));
  let tag = 0;
  return {results, send: (text = 'x') => outlet.send(Buffer.from(text), (tag += 1), 'now')};
}

/** The bus works again: what is sent is heard. */
async function carries(bus: MediaBus, channel: string, heard: string[]): Promise<void> {
  await soon(() => expect(bus.wellSince(channel)).toBeGreaterThan(0));
  expect(await bus.publish(channel, Buffer.from('again'))).toBe(1);
  await soon(() => expect(heard.at(-1)).toBe('again'));
}

describe('a Redis that does not speak as it should', () => {
  test.each<[string, string, string]>([
    ['sends a page of HTML', 'HTTP/1.1 503 Service Unavailable\r\n\r\n', 'redis does not speak its protocol'],
    ['announces a message of two gigabytes', '>3\r\n$8\r\nsmessage\r\n$2147483647\r\n', 'a length of 2147483647'],
    ['answers what nobody asked', '+OK\r\n:1\r\n:1\r\n:1\r\n', 'redis sent an answer that belongs to no request'],
  ])('and %s is left, and called again: one line, and the calls go on', async (_, bytes, reason) => {
    const bus = await open();
    const heard = await listen(bus, 'media:{a}:up');
    redis.say(bytes);
    await soon(() => expect(said('redis is away')).toHaveLength(1));
    expect(said('redis is away')[0]?.err?.message).toContain(reason);
    await carries(bus, 'media:{a}:up', heard);
    expect(said('redis is away')).toHaveLength(1);
  });

  test('and falls silent in the middle of a message is left', async () => {
    const bus = await open();
    const heard = await listen(bus, 'media:{a}:up');
    const [before] = redis.connections;
    redis.script = (_, connection) => (connection === before ? '' : undefined);
    before?.say('>3\r\n$8\r\nsmessage\r\n$12\r\nmedia:{a}:up\r\n$100\r\nhalf');
    await soon(() => expect(said('redis is away')).toHaveLength(1));
    await carries(bus, 'media:{a}:up', heard);
    expect(heard).toEqual(['again']);
  });

  test('and pushes of a kind that is unknown is listened to all the same: one line for the kind', async () => {
    const bus = await open();
    const heard = await listen(bus, 'media:{a}:up');
    for (let times = 0; times < 3; times += 1) redis.say('>2\r\n$8\r\nsmigrate\r\n:1\r\n');
    await carries(bus, 'media:{a}:up', heard);
    expect(said('redis pushed an unknown message; it is ignored')).toHaveLength(1);
    expect(said('redis is away')).toEqual([]);
  });

  test('and closes the connection after some frames: each is reported once, in order', async () => {
    const bus = await open();
    await listen(bus, 'media:{a}:up');
    const {results, send} = outletOf(bus, 'media:{a}:up');
    redis.script = ([name, , message], connection) => {
      if (name === 'SPUBLISH' && message === 'last') connection.close();
      return undefined;
    };
    for (let n = 0; n < 5; n += 1) send(n === 3 ? 'last' : 'x');
    await soon(() => expect(results).toHaveLength(5));
    expect(results.map(([tag]) => tag)).toEqual([1, 2, 3, 4, 5]);
    expect(results.slice(3)).toEqual([
      [4, 0],
      [5, 0],
    ]);
  });

  test('and refuses a frame: nobody got it, and the next one is heard', async () => {
    const bus = await open();
    const heard = await listen(bus, 'media:{a}:up');
    const {results, send} = outletOf(bus, 'media:{a}:up');
    redis.script = ([name, , message]) =>
      name === 'SPUBLISH' && message === 'no' ? '-OOM command not allowed\r\n' : undefined;
    for (const text of ['yes', 'no', 'yes']) send(text);
    await soon(() =>
      expect(results).toEqual([
        [1, 1],
        [2, 0],
        [3, 1],
      ]),
    );
    await soon(() => expect(heard).toEqual(['yes', 'yes']));
  });
});

describe('frames that nobody needs counted', () => {
  const channel = 'media:{a}:up';
  const quieted = () => redis.heard.filter(words => words.join(' ') === 'CLIENT REPLY OFF').length;

  /** Sends frames, of which those named in capitals are counted. */
  async function sendAll(bus: MediaBus, texts: readonly string[]) {
    const results: [tag: number, receivers: number][] = [];
    const outlet = bus.outlet(channel, (tag, receivers) => results.push([tag, receivers]));
    for (const [tag, text] of texts.entries()) outlet.send(Buffer.from(text), tag, 'now', text === text.toUpperCase());
    return results;
  }

  /** A bus that has learned what its Redis can do. */
  async function opened(version: string): Promise<{bus: MediaBus; heard: string[]}> {
    redis.version = version;
    const bus = await open();
    const heard = await listen(bus, channel);
    return {bus, heard};
  }

  test('are heard, and Redis answers only the others, each to whom it concerns', async () => {
    const {bus, heard} = await opened('7.0.10');
    const results = await sendAll(bus, ['a', 'B', 'c', 'd', 'E', 'f']);
    const more = bus.publish(channel, Buffer.from('G'));
    await soon(() => expect(heard).toEqual(['a', 'B', 'c', 'd', 'E', 'f', 'G']));
    expect(await more).toBe(1);
    expect(results).toEqual([
      [1, 1],
      [4, 1],
    ]);
    expect(quieted()).toBeGreaterThan(0);
  });

  test('are reported if the connection ends before Redis has answered a later one', async () => {
    const {bus, heard} = await opened('7.2.4');
    redis.script = ([name, , message], connection) => {
      if (name === 'SPUBLISH' && message === 'd') connection.close();
      return undefined;
    };
    const results = await sendAll(bus, ['a', 'B', 'c', 'd']);
    await soon(() => expect(results).toHaveLength(3));
    expect(results).toEqual([
      [1, 1],
      [2, 0],
      [3, 0],
    ]);
    redis.script = () => undefined;
    await carries(bus, channel, heard);
    expect(quieted()).toBeGreaterThan(0);
  });

  test.each<[string, string, Script]>([
    ['a Redis that would send no messages either', '7.0.9', () => undefined],
    [
      'a user who may not ask for that',
      '7.2.4',
      ([name]) => (name === 'CLIENT' ? '-NOPERM no permissions\r\n' : undefined),
    ],
  ])('are answered by %s', async (_, version, script) => {
    redis.script = script;
    const {bus, heard} = await opened(version);
    const results = await sendAll(bus, ['a', 'B', 'c']);
    await soon(() =>
      expect(results).toEqual([
        [0, 1],
        [1, 1],
        [2, 1],
      ]),
    );
    await soon(() => expect(heard).toEqual(['a', 'B', 'c']));
    expect(quieted()).toBe(0);
  });
});

describe('a channel to which our user has no right', () => {
  const refuses: Script = ([name, channel]) =>
    name === 'SSUBSCRIBE' && channel?.startsWith('media:')
      ? '-NOPERM No permissions to access a channel\r\n'
      : undefined;

  test('is refused to whoever asks for it, and not asked for again', async () => {
    const bus = await open();
    redis.script = refuses;
    await expect(bus.subscribe('media:{a}:up', () => {})).rejects.toThrow('NOPERM');
    await expect(bus.subscribe('media:{a}:down', () => {})).rejects.toThrow('NOPERM');
    const asked = redis.count('SSUBSCRIBE');
    const echoes = redis.count('SPUBLISH');
    await soon(() => expect(redis.count('SPUBLISH')).toBeGreaterThan(echoes + 3));
    expect(redis.count('SSUBSCRIBE')).toBe(asked);
    redis.script = () => undefined;
    await carries(bus, 'media:{a}:up', await listen(bus, 'media:{a}:up'));
    expect(said('redis is away')).toEqual([]);
  });

  test('is asked for until it is granted if the right was taken from a call: one line', async () => {
    const bus = await open();
    const heard = await listen(bus, 'media:{a}:up');
    redis.script = refuses;
    redis.closeAll();
    await soon(() => expect(redis.heard.filter(([, channel]) => channel === 'media:{a}:up').length).toBeGreaterThan(3));
    redis.script = () => undefined;
    await soon(() => expect([...redis.connections].some(({channels}) => channels.has('media:{a}:up'))).toBe(true));
    await carries(bus, 'media:{a}:up', heard);
    expect(said('redis refuses a subscription')).toHaveLength(1);
  });
});

test('a bus that is closed keeps nobody waiting', async () => {
  const bus = await open();
  redis.script = () => '';
  const {results, send} = outletOf(bus, 'media:{a}:up');
  const waiting = bus.subscribe('media:{a}:up', () => {}).catch((thrown: unknown) => String(thrown));
  await soon(() => expect(redis.count('SSUBSCRIBE')).toBe(2));
  send();
  await bus[Symbol.asyncDispose]();
  send();
  expect(await waiting).toContain('closed');
  await soon(() =>
    expect(results).toEqual([
      [1, 0],
      [2, 0],
    ]),
  );
  expect(await bus.publish('media:{a}:up', Buffer.from('x')).catch(() => 'not sent')).toBe('not sent');
});

test('a Redis that hangs takes a bounded amount of memory: what it does not read is reported as not delivered', async () => {
  const bus = await open();
  const {results, send} = outletOf(bus, 'media:{a}:up');
  for (const connection of redis.connections) connection.hang();
  const frame = 'x'.repeat(64_000);
  for (let n = 0; n < 400; n += 1) send(frame);
  await soon(() => expect(results).toHaveLength(400));
  expect(results.every(([, receivers]) => receivers === 0)).toBe(true);
});

test('a password that changes while calls run is one line, and the calls wait until it is right again', async () => {
  let isWrong = false;
  redis.script = ([name, , auth]) =>
    name === 'HELLO' && auth === 'AUTH' && isWrong ? '-WRONGPASS invalid username-password pair\r\n' : undefined;
  const bus = await open(`redis://:secret@127.0.0.1:${redis.port}`);
  const heard = await listen(bus, 'media:{a}:up');
  isWrong = true;
  redis.closeAll();
  await soon(() => expect(redis.heard.filter(([, , auth]) => auth === 'AUTH').length).toBeGreaterThanOrEqual(3));
  expect(await bus.publish('media:{a}:up', Buffer.from('x')).catch(() => 'not sent')).toBe('not sent');
  isWrong = false;
  await carries(bus, 'media:{a}:up', heard);
  expect(said('redis is away')).toHaveLength(1);
  expect(JSON.stringify(lines)).not.toContain('secret');
});

describe('a Redis Cluster', () => {
  const slots = (...ranges: readonly (readonly [from: number, to: number, port: number])[]) =>
    `*${ranges.length}\r\n${ranges.map(([from, to, port]) => `*3\r\n:${from}\r\n:${to}\r\n*2\r\n$9\r\n127.0.0.1\r\n:${port}\r\n`).join('')}`;
  let other: ScriptedRedis;
  /** Who serves the slots, as both nodes say. */
  let owner: ScriptedRedis;
  /** What a node says that does not serve a slot. */
  const asNode =
    (self: () => ScriptedRedis): Script =>
    ([name, second = ''], connection) => {
      if (name === 'CLUSTER') return slots([0, SLOTS - 1, owner.port]);
      if (owner === self() || !['SPUBLISH', 'SSUBSCRIBE', 'SET'].includes(name ?? '')) return undefined;
      connection.channels.delete(second);
      return `-MOVED ${slotNumber} 127.0.0.1:${owner.port}\r\n`;
    };
  let slotNumber = 0;

  beforeEach(async () => {
    slotNumber = slotOf('media:{a}:up');
    other = stack.use(await ScriptedRedis.start());
    owner = redis;
    redis.script = asNode(() => redis);
    other.script = asNode(() => other);
  });
  const url = () => `redis://127.0.0.1:${redis.port},redis://127.0.0.1:${other.port}`;

  test('whose slot moves is followed, and the frames in hand reach the new node, each once', async () => {
    const bus = await open(url());
    const heard = await listen(bus, 'media:{a}:up');
    const {results, send} = outletOf(bus, 'media:{a}:up');
    send('1');
    await soon(() => expect(heard).toEqual(['1']));
    owner = other;
    send('2');
    send('3');
    await soon(() => expect(results).toHaveLength(3));
    const other2 = other.heard.filter(([name, channel]) => name === 'SPUBLISH' && channel === 'media:{a}:up');
    expect(other2.map(([, , message]) => message)).toEqual(['2', '3']);
    await carries(bus, 'media:{a}:up', heard);
  });

  test('whose nodes send us to each other is not asked without end: one line, and the frames count as not delivered', async () => {
    const bus = await open(url());
    await listen(bus, 'media:{a}:up');
    const {results, send} = outletOf(bus, 'media:{a}:up');
    const sendsOn =
      (to: () => ScriptedRedis): Script =>
      ([name, channel]) => {
        if (name === 'CLUSTER') return slots([0, SLOTS - 1, to().port]);
        const isOfCall = channel === 'media:{a}:up' && (name === 'SPUBLISH' || name === 'SSUBSCRIBE');
        return isOfCall ? `-MOVED ${slotNumber} 127.0.0.1:${to().port}\r\n` : undefined;
      };
    redis.script = sendsOn(() => other);
    other.script = sendsOn(() => redis);
    let spoken = 0;
    const speaking = setInterval(() => {
      spoken += 1;
      send();
    }, 2);
    await soon(() =>
      expect(said('the nodes of the cluster contradict each other about who serves a slot')).toHaveLength(1),
    );
    clearInterval(speaking);
    await soon(() =>
      expect(results.map(([tag]) => tag).toSorted((a, b) => a - b)).toEqual(
        Array.from({length: spoken}, (_, n) => n + 1),
      ),
    );
    expect(results.every(([, receivers]) => receivers === 0)).toBe(true);
    const sent = [redis, other].flatMap(node =>
      node.heard.filter(([name, channel]) => name === 'SPUBLISH' && channel === 'media:{a}:up'),
    );
    expect(sent.length).toBeLessThanOrEqual(2 * results.length);
  });

  test('without a majority is one line, and works when it has one again', async () => {
    const bus = await open(url());
    const heard = await listen(bus, 'media:{a}:up');
    const asUsual = redis.script;
    redis.script = words =>
      words[0] === 'SPUBLISH' || words[0] === 'SSUBSCRIBE' ? '-CLUSTERDOWN The cluster is down\r\n' : undefined;
    await soon(() => expect(bus.wellSince('media:{a}:up')).toBeUndefined());
    await soon(() => expect(bus.trouble()).toBe('no-answer'));
    redis.script = asUsual;
    await carries(bus, 'media:{a}:up', heard);
    expect(said('redis is away')).toHaveLength(1);
    expect(said('redis is away')[0]?.err?.message).toContain('CLUSTERDOWN');
  });

  test('whose master was demoted without a word is followed to the new one', async () => {
    const bus = await open(url());
    const heard = await listen(bus, 'media:{a}:up');
    owner = other;
    redis.script = ([name, second]) => {
      if (name === 'CLUSTER') return slots([0, SLOTS - 1, other.port]);
      // A replica takes subscriptions and messages, and nobody who calls the master hears them.
      return name === 'HELLO' && second === undefined ? hello('replica') : undefined;
    };
    await soon(() => expect(other.count('SSUBSCRIBE')).toBeGreaterThanOrEqual(2));
    // Or its messages would come twice.
    await soon(() => expect(redis.heard).toContainEqual(['SUNSUBSCRIBE', 'media:{a}:up']));
    await carries(bus, 'media:{a}:up', heard);
  });

  test('of which the first named node is down at the start is found by another one', async () => {
    const dead = await ScriptedRedis.start();
    const {port} = dead;
    await dead[Symbol.asyncDispose]();
    const bus = await open(`redis://127.0.0.1:${port},redis://127.0.0.1:${other.port}`);
    await carries(bus, 'media:{a}:up', await listen(bus, 'media:{a}:up'));
  });

  test('that changes nothing is asked nothing', async () => {
    const bus = await open(url());
    await carries(bus, 'media:{a}:up', await listen(bus, 'media:{a}:up'));
    const asked = () => redis.count('CLUSTER') + other.count('CLUSTER');
    for (let isQuiet = false; !isQuiet;) {
      const [since, before, echoes] = [bus.wellSince('media:{a}:up'), asked(), redis.count('SPUBLISH')];
      await soon(() => expect(redis.count('SPUBLISH')).toBeGreaterThan(echoes + 20));
      // A process that was kept from running may have doubted its connection, and asked.
      isQuiet = since !== undefined && bus.wellSince('media:{a}:up') === since;
      if (isQuiet) expect(asked()).toBe(before);
    }
  });
});
