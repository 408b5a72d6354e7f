import {randomBytes} from 'node:crypto';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Worker} from 'bullmq';
import {Redis} from 'ioredis';
import {openRedisMediaBus} from '@voicebridge/shared/bus/redis-media-bus.ts';
import {RedisCallDirectory} from '@voicebridge/shared/call-directory/redis-call-directory.ts';
import {CALLS_QUEUE, CALLS_QUEUE_PREFIX, openAnalyticsQueue} from '@voicebridge/shared/cdr/analytics-queue.ts';
import {member} from '@voicebridge/shared/fleet/fleet.contract.ts';
import {RedisFleet} from '@voicebridge/shared/fleet/redis-fleet.ts';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {CallSid, ProcessId, Ticket} from '@voicebridge/shared/protocol/ids.ts';
import {checkRedis} from '@voicebridge/shared/redis/check-redis.ts';
import {openRedis} from '@voicebridge/shared/redis/connect.ts';
import {ticketKey} from '@voicebridge/shared/redis/keys.ts';
import {busUseOf, REDIS_USERS, type RedisUser} from '@voicebridge/shared/redis/redis-users.ts';
import {systemClock as clock} from '@voicebridge/shared/time.ts';
import {afterAll, beforeAll, describe, expect, test, vi} from 'vitest';
import {hasTls, makeCertificates} from '../../tools/local-stack/redis/certificates.ts';
import {failOver} from '../../tools/local-stack/redis/cluster-faults.ts';
import {findRedisBinary, startRedisBinary} from '../../tools/local-stack/redis/private-redis.ts';
import {RedisCluster} from '../../tools/local-stack/redis/redis-cluster.ts';
import {aclCommands, aclFile, usersOf} from './lines.ts';

const binary = await findRedisBinary();
const log = createLog('test', {level: 'silent'});
const secret = () => 'secret';
const newCall = () => CallSid.parse(`CA${randomBytes(16).toString('hex')}`);

describe.skipIf(!binary)('on a Redis Cluster, with the users that npm run redis-acl prints', {timeout: 90_000}, () => {
  const servers = new AsyncDisposableStack();
  let cluster: RedisCluster;
  let urlOf: (user: RedisUser) => string;
  beforeAll(async () => {
    // Over TLS where it can be had.
    const certificates = (await hasTls(binary!)) ? servers.use(await makeCertificates()) : undefined;
    const tls = certificates && {tls: {certificates}};
    cluster = servers.use(await RedisCluster.start(binary!, {replicas: 1, password: 'of the nodes', ...tls}));
    for (const node of cluster.nodes)
      for (const line of aclCommands(usersOf('both', {}, secret), 'both')) {
        const [command = '', ...words] = line.split(' ');
        expect(await node.ask(command, words)).toBe('OK');
      }
    const authority = certificates ? `?ssl_ca_certs=${encodeURIComponent(join(certificates.folder, 'ca.crt'))}` : '';
    const ports = cluster.nodes.slice(0, 3).map(({port}) => port);
    urlOf = user =>
      ports.map(port => `${tls ? 'rediss' : 'redis'}://${user}:secret@127.0.0.1:${port}${authority}`).join();
  }, 60_000);
  afterAll(() => servers.disposeAsync());

  test('no service is refused anything, before and after a failover and while slots move', async () => {
    await using stack = new AsyncDisposableStack();
    const open = (user: RedisUser, role: 'commands' | 'queue') =>
      stack.adopt(openRedis(urlOf(user), role, log), client => client.disconnect());
    for (const user of REDIS_USERS) await checkRedis(urlOf(user), {use: busUseOf(user)});
    for (const user of ['webhook', 'realtime-worker', 'analytics'] as const)
      await checkRedis(urlOf(user), {use: 'queue'});

    const calls = {
      webhook: new RedisCallDirectory(open('webhook', 'commands')),
      edge: new RedisCallDirectory(open('media-edge', 'commands')),
      worker: new RedisCallDirectory(open('realtime-worker', 'commands')),
    };
    const workers = new RedisFleet(open('realtime-worker', 'commands'));
    const seen = new RedisFleet(open('analytics', 'commands'));
    const edgeBus = stack.use(await openRedisMediaBus(urlOf('media-edge'), {clock, log}));
    const workerBus = stack.use(await openRedisMediaBus(urlOf('realtime-worker'), {clock, log}));
    const queue = stack.use(openAnalyticsQueue(open('realtime-worker', 'queue')));
    const taken = stack.adopt(
      new Worker(CALLS_QUEUE, async () => {}, {connection: open('analytics', 'queue'), prefix: CALLS_QUEUE_PREFIX}),
      worker => worker.close(),
    );
    const failed = vi.fn();
    taken.on('error', failed);

    const owner = ProcessId.parse('worker-aaaa');
    const begin = async (callSid: CallSid) => {
      expect((await calls.worker.claim(callSid, {epoch: 0, owner, at: 0})).won).toBe(true);
      await calls.worker.append(callSid, 1, ['hello']);
      expect((await calls.webhook.read(callSid))?.owner).toBe(owner);
      expect((await calls.edge.read(callSid))?.epoch).toBe(1);
    };
    const allOfIt = async () => {
      // Enough for every shard to have some.
      const several = Array.from({length: 8}, newCall);
      for (const callSid of several) {
        await begin(callSid);
        await calls.worker.end(callSid, 1);
      }
      const one = member();
      await workers.announce('workers', one);
      expect((await seen.members('workers')).map(({id}) => id)).toContain(one.id);
      await workers.leave('workers', one.id);
      for (const name of several.map(callSid => `media:{${callSid}}:up`)) {
        const heard = vi.fn();
        const unsubscribe = await workerBus.subscribe(name, heard);
        await vi.waitFor(
          async () => {
            await edgeBus.publish(name, Buffer.from('x'));
            expect(heard).toHaveBeenCalled();
          },
          {timeout: 10_000, interval: 50},
        );
        await unsubscribe();
      }
      await queue.send([]);
    };
    await allOfIt();
    await failOver(cluster, (await cluster.shards())[0]!);
    await allOfIt();

    // A slot that is on its way: what is not at its old place any more is asked for at the new one.
    const ticket = Ticket.parse(randomBytes(16).toString('hex'));
    const slot = await cluster.slotOf(ticketKey(ticket));
    const {master: from} = await cluster.shardOf(ticketKey(ticket));
    const to = (await cluster.shards()).find(({master}) => master !== from)!.master;
    await to.cluster('SETSLOT', slot, 'IMPORTING', await from.cluster('MYID'));
    await from.cluster('SETSLOT', slot, 'MIGRATING', await to.cluster('MYID'));
    const entry = {callSid: newCall(), epoch: 1};
    await calls.webhook.putTicket(ticket, entry);
    expect(await calls.edge.takeTicket(ticket)).toEqual(entry);

    expect(failed).not.toHaveBeenCalled();
    for (const node of cluster.nodes) expect(await node.ask('ACL', ['LOG'])).toEqual([]);
  });

  test('a user without the right to follow a slot that moves is told so at the start', async () => {
    for (const node of cluster.nodes) await node.ask('ACL', ['SETUSER', 'media-edge', '-asking']);
    await expect(checkRedis(urlOf('media-edge'), {use: 'media-edge'})).rejects.toThrow('ACL SETUSER <user> +asking (');
  });
});

test.skipIf(!binary)(
  'a replica reads from a primary with the printed aclfile as the user that --replicas adds',
  async () => {
    await using stack = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), 'voicebridge-aclfile-'));
    stack.defer(() => rm(folder, {recursive: true}));
    const file = join(folder, 'users.acl');
    const lines = [
      ...aclFile(usersOf('bus', {}, secret, {replicas: true}), 'bus'),
      'user operator on >secret ~* &* +@all',
    ];
    await writeFile(file, `${lines.join('\n')}\n`);
    const start = async (settings: readonly string[]) => {
      const server = await startRedisBinary(binary!, {settings: ['--aclfile', file, ...settings]});
      stack.defer(() => server.close());
      return server.port;
    };
    const primary = await start([]);
    const settings = `--masteruser replica --masterauth secret --repl-diskless-sync-delay 0`;
    const replica = await start([...settings.split(' '), '--replicaof', `127.0.0.1 ${primary}`]);
    const operator = new Redis(replica, '127.0.0.1', {username: 'operator', password: 'secret'});
    stack.defer(() => operator.disconnect());
    await vi.waitFor(async () => expect(await operator.info('replication')).toContain('master_link_status:up'), {
      timeout: 10_000,
      interval: 50,
    });
  },
);
