import {Redis} from 'ioredis';
import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';
import type {MediaBus} from '../bus/media-bus.ts';
import {createLog, type Log} from '../observability/log.ts';
import {startMovableRedis} from '../../../../tools/local-stack/redis/movable-redis.ts';
import {systemClock} from '../time.ts';
import type {RedisClient} from './client.ts';
import {openRedis} from './connect.ts';
import {findRedisBinary, startRedisBinary} from '../../../../tools/local-stack/redis/private-redis.ts';
import {openRedisMediaBus} from '../bus/redis-media-bus.ts';

const binary = await findRedisBinary();
const clock = systemClock;

interface Line {
  readonly msg: string;
  readonly reason?: string;
  readonly level: string;
}

/** Connections like those of one of our processes. */
interface Process {
  readonly bus: MediaBus;
  readonly commands: RedisClient;
  readonly lines: Line[];
}

let stack: AsyncDisposableStack;
beforeEach(() => {
  stack = new AsyncDisposableStack();
});
afterEach(() => stack.disposeAsync());

async function openProcess(url: string): Promise<Process> {
  const lines: Line[] = [];
  const log: Log = createLog('test', {to: {write: line => void lines.push(JSON.parse(line) as Line)}});
  const commands = stack.adopt(openRedis(url, 'commands', log), client => client.disconnect());
  const bus = stack.use(await openRedisMediaBus(url, {clock, log, followers: [commands]}));
  await commands.ping();
  await vi.waitFor(() => expect(bus.trouble()).toBeUndefined(), {timeout: 5_000});
  return {bus, commands, lines};
}

/** A Redis for this test alone, with a connection that breaks it. */
async function privateRedis(): Promise<{url: string; operator: Redis}> {
  const redis = await startRedisBinary(binary!);
  stack.defer(() => redis.close());
  const operator = new Redis(redis.port, '127.0.0.1');
  stack.defer(() => operator.disconnect());
  return {url: `redis://127.0.0.1:${redis.port}`, operator};
}

const reasonIs = (bus: MediaBus, reason: string | undefined) =>
  vi.waitFor(() => expect(bus.trouble()).toBe(reason), {timeout: 8_000, interval: 20});
const said = ({lines}: Process, msg: string) => lines.filter(line => line.msg === msg);

describe.skipIf(!binary)('a primary that is demoted with its connections kept', () => {
  test('is left by everything that talked to it, for the one its address leads to', {timeout: 20_000}, async () => {
    const redis = stack.use(await startMovableRedis(binary!));
    const [one, other] = [await openProcess(redis.url), await openProcess(redis.url)];
    const heard: string[] = [];
    await other.bus.subscribe('media:{a}:up', message => heard.push(message.toString()));
    const [old, now] = redis.servers;
    await redis.demote();
    await one.commands.set('call:{a}', 'written');
    expect(await now.get('call:{a}')).toBe('written');

    const clientsOfOurs = async (server: Redis) =>
      String(await server.call('CLIENT', 'LIST'))
        .split('\n')
        .filter(line => /name=voicebridge-(commands|media)/.test(line));
    await vi.waitFor(
      async () => {
        expect(await clientsOfOurs(old)).toEqual([]);
        expect(await clientsOfOurs(now)).toHaveLength(4);
      },
      {timeout: 10_000},
    );
    await vi.waitFor(
      async () => {
        expect(await one.bus.publish('media:{a}:up', Buffer.from('after'))).toBe(1);
        expect(heard).toContain('after');
      },
      {timeout: 5_000},
    );
    await reasonIs(one.bus, undefined);
    await vi.waitFor(() => expect(said(one, 'redis can be used again')).toHaveLength(1), {timeout: 5_000});
    expect(said(one, 'redis cannot be used')).toMatchObject([{reason: 'read-only', level: 'error'}]);
  });

  test(
    'and whose address leads nowhere else, refuses at once and carries the active calls',
    {timeout: 20_000},
    async () => {
      const {url, operator} = await privateRedis();
      const process = await openProcess(url);
      await process.bus.subscribe('media:{a}:up', () => {});
      await operator.call('REPLICAOF', '127.0.0.1', '1');
      await reasonIs(process.bus, 'read-only');
      expect(await process.bus.publish('media:{a}:up', Buffer.from('x'))).toBe(1);
      const asked = clock.now();
      for (let tries = 0; tries < 3; tries += 1)
        await expect(process.commands.set('call:{a}', 'x')).rejects.toThrow('READONLY');
      expect(clock.now() - asked).toBeLessThan(1_000);
      await operator.call('REPLICAOF', 'NO', 'ONE');
      await reasonIs(process.bus, undefined);
      expect(said(process, 'redis cannot be used')).toHaveLength(1);
    },
  );
});

describe.skipIf(!binary)('a Redis that answers and takes no writes', () => {
  test.each([
    ['full', ['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0']],
    ['rights', ['ACL', 'SETUSER', 'default', '-set'], ['ACL', 'SETUSER', 'default', '+set']],
    ['no-answer', ['CLIENT', 'PAUSE', '60000', 'WRITE'], ['CLIENT', 'UNPAUSE']],
  ] as const)(
    'is logged once by every process as %s, and once when it is not any more',
    {timeout: 20_000},
    async (reason, spoil, mend) => {
      const {url, operator} = await privateRedis();
      const process = await openProcess(url);
      await operator.call(spoil[0], ...spoil.slice(1));
      await reasonIs(process.bus, reason);
      await vi.waitFor(() => expect(said(process, 'redis cannot be used')).toHaveLength(1), {timeout: 5_000});
      await operator.call(mend[0], ...mend.slice(1));
      await reasonIs(process.bus, undefined);
      await vi.waitFor(() => expect(said(process, 'redis can be used again')).toHaveLength(1), {timeout: 5_000});
      expect(said(process, 'redis cannot be used')).toMatchObject([{reason}]);
    },
  );

  test('is reported with the reason for which it accepts no connection', {timeout: 20_000}, async () => {
    const {url, operator} = await privateRedis();
    const process = await openProcess(url);
    await operator.call('CONFIG', 'SET', 'maxclients', '1');
    await operator.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await operator.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await vi.waitFor(() => expect(said(process, 'redis cannot be used')).toMatchObject([{reason: 'max-clients'}]), {
      timeout: 8_000,
    });
    await operator.call('CONFIG', 'SET', 'maxclients', '1000');
    await reasonIs(process.bus, undefined);
  });
});
