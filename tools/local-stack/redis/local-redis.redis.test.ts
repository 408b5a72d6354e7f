import {once} from 'node:events';
import {access, mkdtemp, rm} from 'node:fs/promises';
import {connect} from 'node:net';
import {networkInterfaces, tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {spawn} from 'node:child_process';
import {createInterface} from 'node:readline';
import {Queue, Worker} from 'bullmq';
import {Redis} from 'ioredis';
import {afterAll, beforeAll, describe, expect, inject, test} from 'vitest';
import {CannotStart} from '@voicebridge/shared/errors.ts';
import {makeClient} from '@voicebridge/shared/redis/client.ts';
import {provideRedis, type ProvidedRedis} from './local-redis.ts';
import {findRedisBinary} from './private-redis.ts';

const binary = await findRedisBinary();

describe.each(['private', 'embedded'] as const)('the %s Redis', kind => {
  describe.runIf(kind === 'embedded' || binary)('started for a newcomer', () => {
    const lines: string[] = [];
    let redis: ProvidedRedis;

    beforeAll(async () => {
      redis = await provideRedis({kind, log: line => lines.push(line)});
    });
    afterAll(() => redis.close());

    test('says in one line what was started', () => {
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(kind === 'private' ? /started \S*(redis|valkey)-server/ : /never for production/);
    });

    test('carries sharded messages between two processes of a call', async () => {
      const edge = new Redis(redis.url);
      const worker = new Redis(redis.url);
      const heard = once(worker, 'smessage');
      await worker.ssubscribe('media:MZ1:up');
      expect(await edge.spublish('media:MZ1:up', 'hello')).toBe(1);
      expect(await heard).toEqual(['media:MZ1:up', 'hello']);
      expect(await edge.spublish('media:MZ2:up', 'nobody')).toBe(0);
      edge.disconnect();
      worker.disconnect();
    });

    test('carries the job of a finished call to analytics', async () => {
      const connection = {url: redis.url, maxRetriesPerRequest: null};
      const queue = new Queue('finished-calls', {connection});
      const recorded = Promise.withResolvers<unknown>();
      const worker = new Worker('finished-calls', async job => recorded.resolve(job.data), {connection});
      await queue.add('call', {callSid: 'CA1'});
      expect(await recorded.promise).toEqual({callSid: 'CA1'});
      await worker.close();
      await queue.close();
    });

    test('cannot be reached from another machine', async () => {
      const outside = Object.values(networkInterfaces())
        .flat()
        .find(address => address && !address.internal && address.family === 'IPv4');
      if (!outside) return;
      const socket = connect({host: outside.address, port: Number(new URL(redis.url).port)});
      const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
      expect(error.code).toBe('ECONNREFUSED');
    });
  });
});

test.runIf(binary)(
  'a private Redis leaves neither a process nor a folder behind when its owner is killed',
  async () => {
    const program = `
    import {mkdtemp} from 'node:fs/promises';
    import {provideRedis} from ${JSON.stringify(fileURLToPath(new URL('local-redis.ts', import.meta.url)))};
    const redis = await provideRedis({kind: 'private', log: () => {}});
    console.log(redis.url);
    setInterval(() => {}, 1_000);`;
    const owner = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [url] = (await once(createInterface({input: owner.stdout}), 'line')) as [string];
    const client = new Redis(url, {retryStrategy: () => null});
    const [, folder] = (await client.config('GET', 'dir')) as [string, string];
    const gone = once(client, 'end');
    owner.kill('SIGKILL');
    await gone;
    await expect
      .poll(() =>
        access(folder).then(
          () => 'there',
          () => 'gone',
        ),
      )
      .toBe('gone');
  },
);

test.runIf(binary)('a private Redis that keeps its data has it again after a restart on the same port', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'voicebridge-keeps-'));
  const options = {kind: 'private', persist: true, dir, log: () => {}} as const;
  const before = await provideRedis(options);
  const client = new Redis(before.url, {lazyConnect: true, retryStrategy: () => null});
  await client.connect();
  await client.set('call:CA1', 'worker-1');
  client.disconnect();
  await before.close();

  const after = await provideRedis({...options, port: Number(new URL(before.url).port)});
  expect(after.url).toBe(before.url);
  await client.connect();
  expect(await client.get('call:CA1')).toBe('worker-1');
  client.disconnect();
  await after.close();
  await rm(dir, {recursive: true});
});

test('a Redis that the operator named is used as it is and not stopped by us', async () => {
  const lines: string[] = [];
  const redis = await provideRedis({url: inject('redisUrl'), log: line => lines.push(line)});
  expect(redis).toMatchObject({kind: 'given', url: inject('redisUrl')});
  expect(lines[0]).toMatch(/^Redis: using /);
  await redis.close();
  const client = makeClient(inject('redisUrl'), {});
  expect(await client.ping()).toBe('PONG');
  client.disconnect();
});

test('an operator who mistypes VOICEBRIDGE_REDIS reads the allowed values', async () => {
  await expect(provideRedis({kind: 'docker', log: () => {}})).rejects.toThrow(CannotStart);
});
