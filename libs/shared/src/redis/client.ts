import {readFileSync} from 'node:fs';
import {checkServerIdentity, type ConnectionOptions} from 'node:tls';
import {Cluster, Redis, type ClusterOptions, type RedisOptions} from 'ioredis';
import {CannotStart, messageOf} from '../errors.ts';

/** A connection to one Redis, or to a Redis Cluster. */
export type RedisClient = Redis | Cluster;

/** Options of a single Redis and of a node of a Cluster alike. */
export type ClientOptions = Omit<
  RedisOptions,
  'replyMapping' | 'himportFieldsets' | 'host' | 'path' | 'port' | 'readOnly' | 'sentinels'
>;

/** Options of a Cluster only. */
export type OfCluster = Pick<ClusterOptions, 'shardedSubscribers' | 'clusterRetryStrategy'>;

/** The addresses in REDIS_URL. A comma, even after a single address, means a Redis Cluster. */
export function nodesOf(url: string): {readonly nodes: readonly string[]; readonly cluster: boolean} {
  const nodes = url.split(',').flatMap(node => node.trim() || []);
  return {nodes, cluster: url.includes(',')};
}

/** Host and port of a Redis URL (of the first node of a Cluster), safe to print. */
export function hostOf(url: string): string {
  return URL.parse(nodesOf(url).nodes[0] ?? '')?.host || 'the given address';
}

/** What a connection to any node needs beside its address: also to a node that was not named. */
export interface RedisAccess {
  readonly username?: string;
  readonly password?: string;
  /** Set if the URL says `rediss://`. */
  readonly tls?: ConnectionOptions;
}

/**
 * User, password and TLS of a Redis URL. On a Cluster those of the first address that has them hold for all nodes: after
 * a failover, one that was not named may be the master. The files have the names that other clients have for them; throws
 * `CannotStart` if one cannot be read.
 */
export function accessOf(url: string): RedisAccess {
  const {nodes, cluster} = nodesOf(url);
  const urls = nodes.flatMap(node => URL.parse(node) ?? []);
  const username = decodeURIComponent(urls.find(each => each.username)?.username ?? '');
  const password = decodeURIComponent(urls.find(each => each.password)?.password ?? '');
  const named = cluster ? {checkServerIdentity: namedLike(urls.map(each => each.hostname))} : {};
  return {
    ...(username ? {username} : {}),
    ...(password ? {password} : {}),
    ...(urls[0]?.protocol === 'rediss:' ? {tls: {...certificatesOf(urls), ...named}} : {}),
  };
}

function certificatesOf(urls: readonly URL[]): Pick<ConnectionOptions, 'ca' | 'cert' | 'key'> {
  const named = (parameter: string) => {
    const file = urls.map(url => url.searchParams.get(parameter)).find(Boolean);
    return file ? readNamed(parameter, file) : undefined;
  };
  const [ca, cert, key] = [named('ssl_ca_certs'), named('ssl_certfile'), named('ssl_keyfile')];
  return {...(ca ? {ca} : {}), ...(cert ? {cert} : {}), ...(key ? {key} : {})};
}

function readNamed(parameter: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (thrown) {
    throw new CannotStart(`${parameter} cannot be read (${messageOf(thrown)})`);
  }
}

/**
 * How a Cluster is followed. ioredis reads the slots again when a node says MOVED or closes a connection; the interval
 * is for what nobody says. Each reading is a connection of its own, so it is long.
 */
const OF_EVERY_CLUSTER = {
  slotsRefreshInterval: 15_000,
  // Together as long as a single Redis may be away: a failover takes seconds, and the default gives up after 1.6 s.
  maxRedirections: 100,
  retryDelayOnFailover: 100,
  retryDelayOnClusterDown: 100,
} satisfies ClusterOptions;

/**
 * What the library would send by itself, and may be forbidden: CLIENT SETINFO and INFO. A Redis that still loads its data
 * says so to each command, so no connection needs to ask first.
 */
const ASKS_NOTHING = {disableClientInfo: true, enableReadyCheck: false} satisfies ClientOptions;

/**
 * Makes a client for `url`: `redis://` or `rediss://`; several addresses, or one with a comma after it, for a Cluster.
 */
export function makeClient(url: string, options: ClientOptions, ofCluster: OfCluster = {}): RedisClient {
  const {nodes, cluster} = nodesOf(url);
  const access = accessOf(url);
  if (!cluster) return new Redis(nodes[0] ?? url, {...ASKS_NOTHING, ...options, ...access});
  const {retryStrategy: _, ...redisOptions} = options;
  return new Cluster([...nodes], {
    ...OF_EVERY_CLUSTER,
    ...ofCluster,
    redisOptions: {...ASKS_NOTHING, ...redisOptions, ...access},
  });
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
