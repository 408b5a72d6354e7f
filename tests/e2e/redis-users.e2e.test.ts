import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Redis} from 'ioredis';
import type {RedisPart} from '@voicebridge/shared/redis/redis-users.ts';
import {describe, test, vi} from 'vitest';
import {aclCommands, usersOf} from '../../scripts/redis-acl/lines.ts';
import {haveEnded, haveHeard, haveSpoken} from '../../tools/harness/callers.ts';
import {ProcessFleet} from '../../tools/harness/process-fleet.ts';
import {hasTls, makeCertificates} from '../../tools/local-stack/redis/certificates.ts';
import {findRedisBinary, startRedisBinary} from '../../tools/local-stack/redis/private-redis.ts';
import {RedisCluster} from '../../tools/local-stack/redis/redis-cluster.ts';

const binary = await findRedisBinary();
const TALK = Array.from({length: 4}, () => [
  {do: 'waitForSilence', ms: 500} as const,
  {do: 'say', clip: 'caller-opening-hours'} as const,
]).flat();

/** Commands that a managed Redis may not have at all. */
const FORBIDDEN = ['CONFIG', 'KEYS', 'CLIENT', 'INFO', 'DEBUG'];

describe.skipIf(!binary).concurrent('least privilege', () => {
  test('an operator with a Cluster for calls, over TLS, and another Redis for records, who gives each service only its own rights, sees calls, a dead worker, deployments and records work, and nothing refused', async ({
    expect,
  }) => {
    await using stack = new AsyncDisposableStack();
    const certificates = (await hasTls(binary!)) ? stack.use(await makeCertificates()) : undefined;
    const cluster = stack.use(await RedisCluster.start(binary!, certificates ? {tls: {certificates}} : {}));
    const server = await startRedisBinary(binary!);
    stack.defer(() => server.close());
    const operator = new Redis(server.port, '127.0.0.1');
    stack.defer(() => operator.disconnect());
    const secret = () => 'secret';
    const giveUsers = async (part: RedisPart, ask: (words: readonly string[]) => Promise<unknown>) => {
      for (const line of aclCommands(usersOf(part, {}, secret), part)) await ask(line.split(' ').slice(1));
    };
    for (const node of cluster.nodes) await giveUsers('bus', words => node.ask('ACL', words));
    await giveUsers('queue', words => operator.call('ACL', ...words));
    const dataDir = await mkdtemp(join(tmpdir(), 'voicebridge-acl-'));
    stack.defer(() => rm(dataDir, {recursive: true, force: true}));
    const authority = certificates ? `?ssl_ca_certs=${encodeURIComponent(join(certificates.folder, 'ca.crt'))}` : '';
    const fleet = stack.use(
      await ProcessFleet.start({
        redisUrl: `${cluster.url}${authority}`,
        queueRedisUrl: `redis://127.0.0.1:${server.port}`,
        redisUserOf: service => `${service}:secret`,
        analytics: {dataDir},
        model: {MODEL_FIRST_DELTA_MS: '200', MODEL_SPEED: '5'},
      }),
    );
    const calls = Array.from({length: 3}, () =>
      fleet.twilio.dial([...TALK, {do: 'waitForSilence', ms: 500}, {do: 'hangUp'}]),
    );
    await haveSpoken(calls);
    const [dead] = await fleet.busyWorkers();
    dead?.kill('SIGKILL');
    await haveHeard(calls);
    await fleet.addWorker();
    fleet.edges[0]?.kill('SIGTERM');
    await haveHeard(calls);
    fleet.workers.find(worker => worker !== dead)?.kill('SIGTERM');
    const reports = await haveEnded(calls, 150_000);
    expect(reports.map(({endedBy}) => endedBy)).toEqual(['caller', 'caller', 'caller']);
    await vi.waitFor(
      async () => {
        const answer = await fetch(new URL('/api/calls', fleet.analytics?.url));
        expect(((await answer.json()) as {calls: unknown[]}).calls).toHaveLength(3);
      },
      {timeout: 60_000, interval: 500},
    );
    expect(await operator.call('ACL', 'LOG')).toEqual([]);
    for (const node of cluster.nodes) expect(await node.ask('ACL', ['LOG'])).toEqual([]);
  });

  test('a caller is served on a Redis without CONFIG, KEYS, CLIENT and INFO', async ({expect}) => {
    await using stack = new AsyncDisposableStack();
    const settings = FORBIDDEN.flatMap(command => ['--rename-command', command, '']);
    const server = await startRedisBinary(binary!, {settings});
    stack.defer(() => server.close());
    const dataDir = await mkdtemp(join(tmpdir(), 'voicebridge-acl-'));
    stack.defer(() => rm(dataDir, {recursive: true, force: true}));
    const redisUrl = `redis://127.0.0.1:${server.port}`;
    const fleet = stack.use(await ProcessFleet.start({redisUrl, edges: 1, workers: 1, analytics: {dataDir}}));
    const call = fleet.twilio.dial([{do: 'waitForSilence', ms: 1_500}, {do: 'hangUp'}]);
    const [report] = await haveEnded([call]);
    expect(report?.endedBy).toBe('caller');
    await fleet.analytics?.line('call recorded', 60_000);
    const all = [fleet.webhook, ...fleet.edges, ...fleet.workers, fleet.analytics].flatMap(each => each?.lines ?? []);
    // One JSON line each: no library writes to the terminal by itself.
    expect(all.filter(({json}) => !json).map(({text}) => text)).toEqual([]);
    expect(all.filter(({json}) => ['warn', 'error', 'fatal'].includes(String(json?.['level'])))).toEqual([]);
  });
});
