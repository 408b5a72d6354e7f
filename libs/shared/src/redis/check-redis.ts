import {Redis} from 'ioredis';
import {CannotStart, messageOf} from '../errors.ts';
import type {Log} from '../observability/log.ts';
import type {Millis} from '../time.ts';
import {accessOf, hostOf, nodesOf} from './client.ts';
import {missingRights} from './redis-rights.ts';
import {REDIS_CURES, redisTroubleOf, type RedisTrouble} from './redis-trouble.ts';
import type {RedisUse} from './redis-users.ts';
import {unaskedWords} from './unasked-words.ts';
import {readRedisVersion, type RedisVersion} from './redis-version.ts';

/** How long the first connection may take. */
const CONNECT_TIMEOUT: Millis = 3_000;

/** A Redis whose version and rights were checked. */
export interface CheckedRedis extends RedisVersion {
  /** The URL to connect to: as given, and marked as a Cluster if the address leads to one. */
  readonly url: string;
}

/** No Redis answers at any of the addresses: the URL is wrong, or Redis is down for now. */
class NoRedis extends Error {
  override readonly name = 'NoRedis';
}

export interface CheckOptions {
  /** The variable that holds the URL, for messages. */
  readonly variable?: string;
  /** What it is used for; a worker needs most. */
  readonly use?: RedisUse;
}

/**
 * Asks the Redis at `url` (all its nodes in turn) for its version and whether it is a Cluster, and tries every command
 * that we need. Throws `CannotStart` with the cure if none answers or something is wrong. No message shows a password.
 */
export async function checkRedis(url: string, options: CheckOptions = {}): Promise<CheckedRedis> {
  const {variable = 'REDIS_URL'} = options;
  try {
    return await askRedis(url, options);
  } catch (thrown) {
    if (!(thrown instanceof NoRedis)) throw thrown;
    throw new CannotStart(`${variable}: ${thrown.message}. Start it, or correct the address.`, {cause: thrown});
  }
}

/**
 * Like `checkRedis`, for a Redis that calls do not need: if it does not answer, that is logged, and it may come later.
 * Resolves with the URL to connect to, and with what is wrong for now.
 */
export async function findRedis(
  url: string,
  options: CheckOptions,
  log: Log,
): Promise<{readonly url: string; readonly trouble?: RedisTrouble}> {
  try {
    const {url: found, policy} = await askRedis(url, options);
    if (options.use === 'queue' && policy !== undefined && policy !== 'noeviction')
      log.warn(
        {variable: options.variable, policy},
        'redis may evict records that wait: set maxmemory-policy noeviction',
      );
    return {url: found};
  } catch (thrown) {
    if (!(thrown instanceof NoRedis)) throw thrown;
    log.error(
      {variable: options.variable, reason: thrown.message},
      'redis does not answer; records wait until it does',
    );
    return {url, trouble: 'no-answer'};
  }
}

async function askRedis(
  url: string,
  {variable = 'REDIS_URL', use = 'realtime-worker'}: CheckOptions = {},
): Promise<CheckedRedis & Pick<Answer, 'policy'>> {
  const {nodes, cluster: named} = nodesOf(url);
  const {mode, ...version} = await firstAnswer(url, variable);
  const cannot = (why: string) => new CannotStart(`${variable}: ${why}`);
  if (mode === 'sentinel')
    throw cannot('this is a Sentinel; name the Redis it watches, by an address that follows the primary.');
  if (mode !== 'cluster' && nodes.length > 1)
    throw cannot('several addresses are nodes of a Redis Cluster, and this is a single Redis: name only one.');
  const connectTo = mode === 'cluster' && !named ? `${url},` : url;
  const missing = await missingRights(connectTo, use).catch((thrown: unknown) => {
    const trouble = redisTroubleOf(thrown);
    if (trouble === 'no-answer') throw new NoRedis(`no Redis answers at ${hostOf(url)} (${messageOf(thrown)})`);
    throw cannot(`${REDIS_CURES[trouble]}.`);
  });
  if (missing.length > 0)
    throw cannot(
      `its user may not do all that is needed. ACL SETUSER <user> ${missing.join(' ')} ("Rights in Redis" in docs/RUNBOOK.md has all of them).`,
    );
  return {...version, url: connectTo};
}

/** `policy`: what it does when its memory is full; undefined if we may not ask. */
type Answer = RedisVersion & {readonly mode: string; readonly policy?: string | undefined};

/** The answer of the first node that answers. A node of a Cluster may be down while the others serve. */
async function firstAnswer(url: string, variable: string): Promise<Answer> {
  const failures: string[] = [];
  for (const node of nodesOf(url).nodes) {
    try {
      return await askNode(node, url);
    } catch (thrown) {
      if (thrown instanceof CannotStart) throw new CannotStart(`${variable}: ${thrown.message}`);
      const trouble = redisTroubleOf(thrown);
      if (trouble === 'password' || trouble === 'rights')
        throw new CannotStart(`${variable}: ${hostOf(node)}: ${REDIS_CURES[trouble]} (${messageOf(thrown)}).`);
      failures.push(`no Redis answers at ${hostOf(node)} (${messageOf(thrown)})`);
    }
  }
  throw new NoRedis(failures.join('; ') || 'it names no address');
}

/** `url`: all addresses, of which `node` is one. */
async function askNode(node: string, url: string): Promise<Answer> {
  const client = new Redis(node, {
    ...accessOf(url),
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT,
    commandTimeout: CONNECT_TIMEOUT,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    // The check of the client uses INFO, which may be forbidden.
    enableReadyCheck: false,
  });
  let said: unknown;
  client.on('error', error => (said ??= error));
  try {
    await client.connect();
    const info = await client.info('server', 'memory').catch((thrown: unknown) => {
      if (redisTroubleOf(thrown) === 'rights') return undefined;
      throw thrown;
    });
    return info === undefined ? readHello(await client.call('HELLO', '3')) : readInfo(info);
  } catch (thrown) {
    if (thrown instanceof CannotStart) throw thrown;
    const failure = said ?? thrown;
    throw redisTroubleOf(failure) === 'no-answer' ? ((await unaskedWords(node)) ?? failure) : failure;
  } finally {
    client.disconnect();
  }
}

function readInfo(info: string): Answer {
  // Valkey says server_mode.
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1];
  return {...readRedisVersion(info), policy, mode: /^(?:redis|server)_mode:(\S+)/m.exec(info)?.[1] ?? 'standalone'};
}

/** HELLO answers a list of names and values: a user without the right to INFO learns the same from it. */
function readHello(answer: unknown): Answer {
  const list = Array.isArray(answer)
    ? answer.map(String)
    : Object.entries(answer ?? {})
        .flat()
        .map(String);
  const field = (name: string) => list[list.indexOf(name) + 1] ?? '';
  const kind = field('server') === 'valkey' ? 'valkey_version' : 'redis_version';
  return readInfo(`${kind}:${field('version')}\nredis_mode:${field('mode')}\n`);
}
