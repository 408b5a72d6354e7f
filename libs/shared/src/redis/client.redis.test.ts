import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {getCACertificates, setDefaultCACertificates} from 'node:tls';
import {afterAll, beforeAll, describe, expect, test, vi} from 'vitest';
import {openRedisMediaBus} from '../bus/redis-media-bus.ts';
import {createLog} from '../observability/log.ts';
import {systemClock as clock} from '../time.ts';
import {checkRedis} from './check-redis.ts';
import {openRedis} from './connect.ts';
import {type Certificates, hasTls, makeCertificates} from '../../../../tools/local-stack/redis/certificates.ts';
import {failOver, freezeMaster, killMaster} from '../../../../tools/local-stack/redis/cluster-faults.ts';
import {findRedisBinary} from '../../../../tools/local-stack/redis/private-redis.ts';
import {RedisCluster} from '../../../../tools/local-stack/redis/redis-cluster.ts';

const binary = await findRedisBinary();
const log = createLog('test', {level: 'silent'});

const problemOf = (url: string) =>
  checkRedis(url).then(
    () => 'starts',
    (thrown: unknown) => String(thrown),
  );

describe.skipIf(!binary || !(await hasTls(binary)))('a Redis Cluster with TLS', {timeout: 60_000}, () => {
  let certificates: Certificates;
  let open: RedisCluster;
  let mutual: RedisCluster;
  const trusted = getCACertificates('default');
  beforeAll(async () => {
    certificates = await makeCertificates({server: 'DNS:localhost'});
    open = await RedisCluster.start(binary!, {tls: {certificates}});
    mutual = await RedisCluster.start(binary!, {replicas: 1, password: 'p@ss', tls: {certificates, mutual: true}});
  }, 60_000);
  afterAll(async () => {
    await open[Symbol.asyncDispose]();
    await mutual[Symbol.asyncDispose]();
    await certificates[Symbol.asyncDispose]();
  });

  const named = ({nodes}: RedisCluster, host: string) => `rediss://:p%40ss@${host}:${nodes[0]!.port}`;
  const file = (name: string) => encodeURIComponent(join(certificates.folder, name));
  const authority = () => `ssl_ca_certs=${file('ca.crt')}`;
  const identity = () => `ssl_certfile=${file('client.crt')}&ssl_keyfile=${file('client.key')}`;

  test('whose authority all of Node trusts is used by the name in its certificate', async () => {
    // As NODE_EXTRA_CA_CERTS does for a process.
    setDefaultCACertificates([...trusted, certificates.authority]);
    try {
      const {url} = await checkRedis(`rediss://localhost:${open.nodes[0]!.port}`);
      const client = openRedis(url, 'commands', log);
      for (const key of ['a', 'b', 'c', 'd']) expect(await client.set(key, 'kept')).toBe('OK');
      client.disconnect();
    } finally {
      setDefaultCACertificates(trusted);
    }
  });

  test('is refused by the name that its certificate does not have', async () => {
    const problem = await problemOf(`rediss://127.0.0.1:${open.nodes[0]!.port}?${authority()}`);
    expect(problem).toContain("Hostname/IP does not match certificate's altnames");
  });

  test('of a private authority, which asks for our certificate, carries frames after a failover too', async () => {
    const {url} = await checkRedis(`${named(mutual, 'localhost')}?${authority()}&${identity()}`);
    await using bus = await openRedisMediaBus(url, {clock, log});
    const client = openRedis(url, 'commands', log);
    await client.set('{b}', 'before');
    const heard = vi.fn();
    await bus.subscribe('media:{b}:up', heard);
    const shard = await mutual.shardOf('{b}');
    await failOver(mutual, shard);
    await client.set('{b}', 'after');
    expect(await shard.replicas[0]!.client.get('{b}')).toBe('after');
    await vi.waitFor(
      async () => {
        await bus.publish('media:{b}:up', Buffer.from('x'));
        expect(heard).toHaveBeenCalled();
      },
      {timeout: 10_000, interval: 50},
    );
    client.disconnect();
  });

  test('that asks for a certificate and gets none, or a file that is not there, says so at the start', async () => {
    const url = `${named(mutual, 'localhost')}?${authority()}`;
    expect(await problemOf(url)).toMatch(
      /REDIS_URL: no Redis answers at localhost:\d+ \(it asks for a certificate: name ours with ssl_certfile/,
    );
    expect(await problemOf(`${url}&ssl_certfile=/nowhere.crt`)).toMatch(
      /REDIS_URL: ssl_certfile cannot be read \(ENOENT.*\/nowhere.crt/,
    );
  });
});

describe.skipIf(!binary)('a command to a Redis Cluster', {timeout: 60_000}, () => {
  test.each([
    ['is killed', killMaster],
    ['hangs', async (...of: Parameters<typeof killMaster>) => freezeMaster(...of, 10_000)],
  ])('waits until the shard has a new master, when its master %s', async (_, fault) => {
    await using cluster = await RedisCluster.start(binary!, {replicas: 1, nodeTimeout: 2_000});
    const client = openRedis(cluster.url, 'commands', log);
    const shard = await cluster.shardOf('b');
    await client.set('b', 'before');
    const over = new AbortController();
    const outage = fault(cluster, shard).finally(() => over.abort());
    let written = 0;
    let longest = 0;
    while (!over.signal.aborted) {
      const from = clock.now();
      await client.set('b', String(++written));
      longest = Math.max(longest, clock.now() - from);
      await sleep(5);
    }
    const {from, until} = await outage;
    // It neither gives up nor waits for the old one to come back.
    expect(longest).toBeLessThan(until - from + 3_000);
    expect(longest).toBeLessThan(9_000);
    expect(await shard.replicas[0]!.client.get('b')).toBe(String(written));
    client.disconnect();
  });
});
