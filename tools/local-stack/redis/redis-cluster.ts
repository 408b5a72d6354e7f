import {mkdtemp, mkdir, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import type {ClientOptions} from '@voicebridge/shared/redis/client.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {ClusterNode} from './cluster-node.ts';
import {countSlots, includesSlot, readClusterNodes, SLOTS, type SlotRange} from './cluster-topology.ts';
import {freePorts, type RedisBinary} from './private-redis.ts';
import type {Certificates} from './certificates.ts';

export interface ClusterSettings {
  readonly masters?: number;
  /** Per master. */
  readonly replicas?: number;
  /** After how long a silent node counts as failing. */
  readonly nodeTimeout?: Millis;
  readonly password?: string;
  /** Speaks TLS only, with the certificate `server` of these. With `mutual` a client must show one, too. */
  readonly tls?: {readonly certificates: Certificates; readonly mutual?: boolean};
  /** A shard without a master stops all the others too, as by default in Redis. */
  readonly needsAllShards?: boolean;
}

/** A master, its replicas, and the slots that are theirs. */
export interface Shard {
  readonly master: ClusterNode;
  readonly replicas: readonly ClusterNode[];
  readonly slots: readonly SlotRange[];
}

/** A real Redis Cluster of server processes on loopback. What can happen to it is in `cluster-faults.ts`. */
export class RedisCluster implements AsyncDisposable {
  readonly #binary: RedisBinary;
  readonly #settings: ClusterSettings;
  readonly #folder: string;
  readonly #nodes: ClusterNode[] = [];
  #password: string | undefined;
  #started = 0;

  private constructor(binary: RedisBinary, settings: ClusterSettings, folder: string) {
    this.#binary = binary;
    this.#settings = settings;
    this.#folder = folder;
    this.#password = settings.password;
  }

  static async start(binary: RedisBinary, settings: ClusterSettings = {}): Promise<RedisCluster> {
    const folder = await mkdtemp(join(tmpdir(), 'voicebridge-cluster-'));
    const cluster = new RedisCluster(binary, settings, folder);
    try {
      await cluster.#form();
      return cluster;
    } catch (thrown) {
      await cluster[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  /** All nodes: first the masters of the start in the order of their slots, then their replicas in the same order. */
  get nodes(): readonly ClusterNode[] {
    return this.#nodes;
  }
  get password(): string | undefined {
    return this.#password;
  }
  /** The masters of the start, with commas between. */
  get url(): string {
    return this.#nodes
      .slice(0, this.#settings.masters ?? 3)
      .map(node => this.urlOf(node))
      .join();
  }

  urlOf({port}: ClusterNode): string {
    const secret = this.#password === undefined ? '' : `:${encodeURIComponent(this.#password)}@`;
    return `${this.#settings.tls ? 'rediss' : 'redis'}://${secret}127.0.0.1:${port}`;
  }

  /** The shards as a healthy node sees them, in the order of their slots; masters without slots come last. */
  async shards(): Promise<Shard[]> {
    const seen = readClusterNodes(await (await this.#healthy()).cluster('NODES'));
    const nodeOf = (port: number) => this.#nodes.filter(node => node.port === port);
    return seen
      .filter(({flags}) => flags.includes('master') && !flags.includes('fail'))
      .toSorted((a, b) => (a.slots[0]?.from ?? SLOTS) - (b.slots[0]?.from ?? SLOTS))
      .flatMap(({id, port, slots}) =>
        nodeOf(port).map(master => ({
          master,
          replicas: seen.filter(({masterId}) => masterId === id).flatMap(replica => nodeOf(replica.port)),
          slots,
        })),
      );
  }

  /** The slot of a key or a channel. */
  async slotOf(name: string): Promise<number> {
    return Number(await (await this.#healthy()).cluster('KEYSLOT', name));
  }

  /** The shard that holds a key or a channel. */
  async shardOf(name: string): Promise<Shard> {
    const slot = await this.slotOf(name);
    const shard = (await this.shards()).find(({slots}) => includesSlot(slots, slot));
    if (!shard) throw new Error(`no shard holds slot ${slot}`);
    return shard;
  }

  /** Starts one more node, which knows nobody. */
  async startNode(): Promise<ClusterNode> {
    const [port = 0, busPort = 0] = await freePorts(2);
    return this.#startNode(port, busPort);
  }

  /** Makes two nodes known to each other, and so to all others. */
  async meet(node: ClusterNode, other: ClusterNode): Promise<void> {
    await node.cluster('MEET', '127.0.0.1', other.port, other.busPort);
  }

  /** Makes a node the replica of another, and waits until it has its data. */
  async follow(replica: ClusterNode, master: ClusterNode): Promise<void> {
    const id = await master.cluster('MYID');
    await until(`${replica.port} to know ${master.port} as a master`, async () =>
      readClusterNodes(await replica.cluster('NODES')).some(node => node.id === id && node.flags.includes('master')),
    );
    await replica.cluster('REPLICATE', id);
    await until(`${replica.port} to have the data of ${master.port}`, async () =>
      /master_link_status:up/.test(String(await replica.ask('INFO', ['replication']))),
    );
  }

  /** Stops a node for good and removes it from this list. */
  async stopNode(node: ClusterNode): Promise<void> {
    this.#nodes.splice(this.#nodes.indexOf(node), 1);
    await node[Symbol.asyncDispose]();
  }

  /** Resolves when every node knows all nodes, their roles, and an owner of every slot, and every replica its master. */
  async settled(): Promise<void> {
    await until('all nodes to agree', async () => {
      const views = await Promise.all(
        this.#nodes.map(async node => {
          const [info, nodes] = [await node.cluster('INFO'), await node.cluster('NODES')];
          const replication = String(await node.ask('INFO', ['replication']));
          const isSettled = info.includes('cluster_state:ok') && !replication.includes('master_link_status:down');
          return isSettled ? viewOf(nodes) : undefined;
        }),
      ).catch(() => [undefined]);
      const [first] = views;
      if (first === undefined || views.some(view => view !== first)) return false;
      const seen = readClusterNodes(await (await this.#healthy()).cluster('NODES'));
      return seen.length === this.#nodes.length && countSlots(seen.flatMap(({slots}) => slots)) === SLOTS;
    });
  }

  /** Used by `cluster-faults.ts`, which tells the servers. */
  setPassword(password: string): void {
    this.#password = password;
    for (const node of this.#nodes) node.setPassword(password);
  }

  async #form(): Promise<void> {
    const {masters: count = 3, replicas = 0} = this.#settings;
    const ports = await freePorts(count * (1 + replicas) * 2);
    const pairs = Array.from({length: ports.length / 2}, (_, index) => ports.slice(index * 2, index * 2 + 2));
    await Promise.all(pairs.map(([port = 0, busPort = 0]) => this.#startNode(port, busPort)));
    const order = pairs.map(([port]) => port);
    this.#nodes.sort((a, b) => order.indexOf(a.port) - order.indexOf(b.port));
    const masters = this.#nodes.slice(0, count);
    const [first, ...others] = this.#nodes;
    if (!first) throw new Error('a cluster has at least one node');
    for (const [index, node] of masters.entries()) {
      const [from = 0, to = 0] = [index, index + 1].map(part => Math.floor((part * SLOTS) / count));
      await node.cluster('ADDSLOTSRANGE', from, to - 1);
      await node.cluster('SET-CONFIG-EPOCH', index + 1);
    }
    for (const node of others) await this.meet(node, first);
    await Promise.all(
      this.#nodes.slice(count).map((node, index) => this.follow(node, masters[index % count] ?? first)),
    );
    await this.settled();
  }

  async #startNode(port: number, busPort: number): Promise<ClusterNode> {
    const {nodeTimeout = 1_000, needsAllShards = false, tls} = this.#settings;
    this.#started += 1;
    const dir = join(this.#folder, `node-${this.#started}`);
    await mkdir(dir);
    const password = this.#password;
    const settings = [
      '--cluster-node-timeout',
      String(nodeTimeout),
      '--repl-diskless-sync-delay',
      '0',
      '--cluster-require-full-coverage',
      needsAllShards ? 'yes' : 'no',
      ...(password === undefined ? [] : ['--requirepass', password, '--masterauth', password]),
      ...(tls ? [...tlsSettings(tls.certificates, port), '--tls-auth-clients', tls.mutual ? 'yes' : 'no'] : []),
    ];
    const client: ClientOptions = {
      ...(password === undefined ? {} : {password}),
      ...(tls ? {tls: tls.certificates.forClients} : {}),
    };
    const node = await ClusterNode.start({binary: this.#binary, port, busPort, dir, settings, client});
    this.#nodes.push(node);
    return node;
  }

  /** The first node that answers and finds the Cluster well. */
  async #healthy(): Promise<ClusterNode> {
    for (let tries = 0; tries < 100; tries += 1) {
      for (const node of this.#nodes) {
        const info = await node.ask('CLUSTER', ['INFO'], 200).catch(() => '');
        if (String(info).includes('cluster_state:ok')) return node;
      }
      await sleep(50);
    }
    throw new Error('no node of the cluster is healthy');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#nodes.map(node => node[Symbol.asyncDispose]()));
    await rm(this.#folder, {recursive: true, force: true});
  }
}

/** Who owns what, apart from who is asked: equal texts mean that two nodes agree. */
function viewOf(nodes: string): string {
  return readClusterNodes(nodes)
    .map(({id, flags, masterId, slots}) => {
      const role = flags.filter(flag => flag !== 'myself').join();
      return `${id} ${role} ${masterId} ${slots.map(({from, to}) => `${from}-${to}`).join()}`;
    })
    .toSorted()
    .join('\n');
}

function tlsSettings({folder}: Certificates, port: number): string[] {
  const [authority, certificate, key] = ['ca.crt', 'server.crt', 'server.key'].map(name => join(folder, name));
  const files = `--tls-ca-cert-file ${authority} --tls-cert-file ${certificate} --tls-key-file ${key}`;
  return `--port 0 --tls-port ${port} --tls-cluster yes --tls-replication yes ${files}`.split(' ');
}

/** Waits until the condition holds, for at most 20 s. */
export async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 20_000;
  while (performance.now() < end) {
    if (await isSo()) return;
    await sleep(25);
  }
  throw new Error(`waited 20 s for ${what}`);
}
