import {setTimeout as sleep} from 'node:timers/promises';
import {Redis} from 'ioredis';
import {freePort, startRedisBinary, type RedisBinary} from './private-redis.ts';

/** A real Redis Cluster on loopback: three masters, and as many replicas of the first as asked for. */
export interface RedisCluster extends AsyncDisposable {
  readonly ports: readonly number[];
  /** A connection to each node, in the order of `ports`: masters first. */
  readonly nodes: readonly Redis[];
}

const SLOTS = 16_384;
const MASTERS = 3;

export async function startRedisCluster(
  binary: RedisBinary,
  {replicas = 0, password}: {readonly replicas?: number; readonly password?: string} = {},
): Promise<RedisCluster> {
  await using stack = new AsyncDisposableStack();
  const ports: number[] = [];
  const nodes: Redis[] = [];
  for (let index = 0; index < MASTERS + replicas; index += 1) {
    const settings = [
      '--cluster-enabled',
      'yes',
      '--cluster-node-timeout',
      '1000',
      '--cluster-port',
      String(await freePort()),
    ];
    const secret = password === undefined ? [] : ['--requirepass', password, '--masterauth', password];
    const server = await startRedisBinary(binary, {settings: [...settings, ...secret]});
    stack.defer(() => server.close());
    const node = new Redis({port: server.port, host: '127.0.0.1', ...(password === undefined ? {} : {password})});
    stack.defer(() => node.disconnect());
    ports.push(server.port);
    nodes.push(node);
  }
  const [first, ...others] = nodes;
  if (!first) throw new Error('no node');
  for (const [index, node] of nodes.slice(0, MASTERS).entries()) {
    const [from, to] = [index, index + 1].map(part => Math.floor((part * SLOTS) / MASTERS));
    await node.call('CLUSTER', 'ADDSLOTSRANGE', String(from), String((to ?? 0) - 1));
    await node.call('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
  }
  const bus = await busPort(first);
  for (const node of others) await node.call('CLUSTER', 'MEET', '127.0.0.1', String(ports[0]), bus);
  for (const node of nodes) await until(async () => (await knownNodes(node)) === nodes.length);
  const master = String(await first.call('CLUSTER', 'MYID'));
  for (const node of nodes.slice(MASTERS)) {
    await node.call('CLUSTER', 'REPLICATE', master);
    await until(async () => /master_link_status:up/.test(await node.info('replication')));
  }
  for (const node of nodes)
    await until(async () => /cluster_state:ok/.test(String(await node.call('CLUSTER', 'INFO'))));
  const owned = stack.move();
  return {ports, nodes, [Symbol.asyncDispose]: () => owned.disposeAsync()};
}

async function busPort(node: Redis): Promise<string> {
  const myself = /@(\d+)[^\n]*myself/.exec(String(await node.call('CLUSTER', 'NODES')));
  return myself?.[1] ?? '';
}

async function knownNodes(node: Redis): Promise<number> {
  return Number(/cluster_known_nodes:(\d+)/.exec(String(await node.call('CLUSTER', 'INFO')))?.[1]);
}

/** Waits until the condition holds, for at most 15 s. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    if (await isSo()) return;
    await sleep(50);
  }
  throw new Error('the cluster did not come up within 15 s');
}
