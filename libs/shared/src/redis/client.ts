import {checkServerIdentity, type ConnectionOptions} from 'node:tls';
import {Cluster, Redis, type ClusterOptions, type RedisOptions} from 'ioredis';

/** A connection to one Redis, or to a Redis Cluster. */
export type RedisClient = Redis | Cluster;

/** Options of a single Redis and of a node of a Cluster alike. */
export type ClientOptions = Omit<
  RedisOptions,
  'replyMapping' | 'himportFieldsets' | 'host' | 'path' | 'port' | 'readOnly' | 'sentinels'
>;

/** Options of a Cluster only. */
export type OfCluster = Pick<ClusterOptions, 'shardedSubscribers' | 'enableOfflineQueue' | 'clusterRetryStrategy'>;

/** The addresses in REDIS_URL. A comma, even after a single address, means a Redis Cluster. */
export function nodesOf(url: string): {readonly nodes: readonly string[]; readonly cluster: boolean} {
  const nodes = url.split(',').flatMap(node => node.trim() || []);
  return {nodes, cluster: url.includes(',')};
}

/** Host and port of a Redis URL (of the first node of a Cluster), safe to print. */
export function hostOf(url: string): string {
  return URL.parse(nodesOf(url).nodes[0] ?? '')?.host || 'the given address';
}

/**
 * Makes a client for `url`: `redis://` or `rediss://`; several addresses, or one with a comma after it, for a Cluster.
 */
export function makeClient(url: string, options: ClientOptions, ofCluster: OfCluster = {}): RedisClient {
  const {nodes, cluster} = nodesOf(url);
  if (!cluster) return new Redis(nodes[0] ?? url, options);
  const {retryStrategy: _, enableOfflineQueue: __, ...redisOptions} = options;
  return new Cluster([...nodes], {
    ...ofCluster,
    redisOptions: {...redisOptions, ...sharedBy(nodes)},
    // Without it ioredis never looks again, and a hung master is not noticed for as long as it hangs.
    slotsRefreshInterval: 1_000,
  });
}

/**
 * Options that hold for all nodes, also for those that were not named: after a failover one of them may be the master.
 */
function sharedBy(nodes: readonly string[]): ClientOptions {
  const urls = nodes.flatMap(node => URL.parse(node) ?? []);
  const username = decodeURIComponent(urls.find(url => url.username)?.username ?? '');
  const password = decodeURIComponent(urls.find(url => url.password)?.password ?? '');
  const tls = urls[0]?.protocol === 'rediss:';
  return {
    ...(username ? {username} : {}),
    ...(password ? {password} : {}),
    ...(tls ? {tls: {checkServerIdentity: namedLike(urls.map(url => url.hostname))}} : {}),
  };
}

/**
 * The nodes of a Cluster announce addresses, while their certificates carry names. A node's certificate is accepted if
 * it is for the address that we called or for a name that the operator gave.
 */
function namedLike(names: readonly string[]): NonNullable<ConnectionOptions['checkServerIdentity']> {
  return (host, certificate) => {
    const problem = checkServerIdentity(host, certificate);
    return problem && names.every(name => checkServerIdentity(name, certificate)) ? problem : undefined;
  };
}
