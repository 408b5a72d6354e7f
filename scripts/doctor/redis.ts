import {Cluster, type Redis} from 'ioredis';
import {CannotStart} from '@voicebridge/shared/errors.ts';
import {checkRedis} from '@voicebridge/shared/redis/check-redis.ts';
import {accessOf, hostOf, makeClient, type RedisClient} from '@voicebridge/shared/redis/client.ts';
import {busUseOf} from '@voicebridge/shared/redis/redis-users.ts';
import {broken, fine, skipped, warning, type Finding} from './finding.ts';
import type {DoctorSettings} from './settings.ts';

/** Each frame makes the way twice, fifty times a second. */
const SLOW_MS = 5;
const PINGS = 25;
const FREE_CONNECTIONS = 100;
/** Our recommendation is 8 MB; much more buffers seconds of a hung process. */
const PUBSUB_LIMIT_MB = 16;

/** The bus: version, rights, limits, latency, and the health of a Cluster. */
export async function checkBus({redisUrl, queueRedisUrl}: DoctorSettings): Promise<Finding[]> {
  if (redisUrl === undefined) return [skipped('REDIS_URL is not set: npm start provides a Redis of its own')];
  return await checkServer(redisUrl, 'REDIS_URL', async node => [
    ...(await busProblems(node)),
    ...(queueRedisUrl === undefined ? await persistenceProblems(node, 'finished calls wait here too') : []),
  ]);
}

/** The Redis in which finished calls wait for analytics. */
export async function checkQueue({queueRedisUrl}: DoctorSettings): Promise<Finding[]> {
  if (queueRedisUrl === undefined) return [skipped('finished calls wait in the Redis of REDIS_URL')];
  return await checkServer(queueRedisUrl, 'QUEUE_REDIS_URL', node =>
    persistenceProblems(node, 'finished calls wait here'),
  );
}

type Variable = 'REDIS_URL' | 'QUEUE_REDIS_URL';

async function checkServer(
  given: string,
  variable: Variable,
  more: (node: NodeFacts) => Promise<Finding[]>,
): Promise<Finding[]> {
  try {
    const use = variable === 'REDIS_URL' ? busUseOf(accessOf(given).username) : 'queue';
    const {url, flavor, version} = await checkRedis(given, {variable, use});
    const client = makeClient(url, {
      connectTimeout: 3_000,
      commandTimeout: 3_000,
      connectionName: 'voicebridge-doctor',
    });
    client.on('error', () => {}); // told by what fails
    try {
      const nodes = await mastersOf(client);
      const took = Math.max(...(await Promise.all(nodes.map(latencyOf))));
      const what = client instanceof Cluster ? `Cluster of ${nodes.length} masters` : '';
      const told = `${flavor === 'valkey' ? 'Valkey' : 'Redis'} ${version} at ${hostOf(url)}${what && `, ${what}`}: all rights, answers in ${took.toFixed(1)} ms`;
      const findings = [
        took < SLOW_MS
          ? fine(told)
          : warning(told, 'Put Redis into the network of the processes: every 20 ms of audio pass through it twice.'),
      ];
      if (client instanceof Cluster) findings.push(...(await clusterProblems(nodes)));
      for (const node of nodes) findings.push(...(await nodeProblems(node, more)));
      // The same of several nodes is told once.
      return [...new Map(findings.map(one => [one.what, one])).values()];
    } finally {
      client.disconnect();
    }
  } catch (thrown) {
    if (!(thrown instanceof CannotStart)) throw thrown;
    const [what, ...cure] = thrown.message.split(/(?<=[^.]\.) (?=[A-Z])/);
    return [broken(what ?? '', cure.join(' ') || 'See "Redis" in docs/RUNBOOK.md.')];
  }
}

async function mastersOf(client: RedisClient): Promise<Redis[]> {
  if (!(client instanceof Cluster)) return [client];
  await client.ping();
  return client.nodes('master');
}

/** The middle of a few PINGs, in milliseconds. */
async function latencyOf(node: Redis): Promise<number> {
  const took: number[] = [];
  for (let n = 0; n < PINGS; n += 1) {
    const began = performance.now();
    await node.ping();
    took.push(performance.now() - began);
  }
  return took.toSorted((a, b) => a - b)[Math.floor(PINGS / 2)] ?? 0;
}

/** What a server says of itself; empty where it may not be asked, as with managed services. */
interface NodeFacts {
  readonly info: (name: string) => string | undefined;
  readonly config: (name: string) => Promise<string | undefined>;
}

async function factsOf(node: Redis): Promise<NodeFacts> {
  const info = await node.info().catch(() => '');
  return {
    info: name => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1],
    config: async name => {
      const answer = await node.config('GET', name).catch(() => []);
      return Array.isArray(answer) ? answer.map(String)[1] : undefined;
    },
  };
}

async function nodeProblems(node: Redis, more: (facts: NodeFacts) => Promise<Finding[]>): Promise<Finding[]> {
  const facts = await factsOf(node);
  const number = (name: string) => Number(facts.info(name) ?? Number.NaN);
  const findings: Finding[] = [];
  const policy = facts.info('maxmemory_policy') ?? 'noeviction';
  if (number('maxmemory') > 0 && policy !== 'noeviction')
    findings.push(
      warning(
        `it throws keys away when it is full (maxmemory-policy ${policy}), calls and records among them`,
        'CONFIG SET maxmemory-policy noeviction',
      ),
    );
  if (number('used_memory') > 0.8 * number('maxmemory') && number('maxmemory') > 0)
    findings.push(
      warning(
        'more than 80 % of its memory is used',
        'CONFIG SET maxmemory, or give it less to hold: when it is full, no call is taken.',
      ),
    );
  const free = number('maxclients') - number('connected_clients');
  if (free < FREE_CONNECTIONS)
    findings.push(
      warning(
        `only ${free} more connections are possible (maxclients)`,
        'CONFIG SET maxclients 10000; each process holds about five.',
      ),
    );
  return [...findings, ...(await more(facts))];
}

async function busProblems({config}: NodeFacts): Promise<Finding[]> {
  const limits = (await config('client-output-buffer-limit')) ?? '';
  const [, bytes] = /pubsub (\d+)/.exec(limits) ?? [];
  if (bytes === undefined || (Number(bytes) > 0 && Number(bytes) <= PUBSUB_LIMIT_MB * 1_048_576)) return [];
  return [
    warning(
      `it buffers ${Number(bytes) === 0 ? 'without limit' : `up to ${Math.round(Number(bytes) / 1_048_576)} MB`} for a process that hangs`,
      'CONFIG SET client-output-buffer-limit "pubsub 8mb 2mb 2" ("Redis" in docs/RUNBOOK.md says why)',
    ),
  ];
}

async function persistenceProblems({info}: NodeFacts, why: string): Promise<Finding[]> {
  if (info('aof_enabled') !== '0') return [];
  return [
    warning(
      `it loses what it holds when it restarts, and ${why}`,
      'CONFIG SET appendonly yes, or name one that keeps its data in QUEUE_REDIS_URL.',
    ),
  ];
}

async function clusterProblems(masters: readonly Redis[]): Promise<Finding[]> {
  const [first] = masters;
  if (!first) return [broken('the Cluster has no master', 'redis-cli --cluster check')];
  const state = await first.cluster('INFO');
  const nodes = String(await first.cluster('NODES'));
  const findings: Finding[] = [];
  if (!/cluster_state:ok/.test(state))
    findings.push(broken('the Cluster has slots without a master', 'redis-cli --cluster check'));
  if (masters.length < 3)
    findings.push(
      warning(`${masters.length} masters cannot replace one that dies`, 'Three masters at least, with a replica each.'),
    );
  const replicated = new Set([...nodes.matchAll(/\S*slave\S* ([0-9a-f]{40})/g)].map(([, id]) => id));
  if (replicated.size < masters.length)
    findings.push(
      warning(
        `${masters.length - replicated.size} of ${masters.length} masters have no replica`,
        'redis-cli --cluster add-node … --cluster-slave',
      ),
    );
  const {config} = await factsOf(first);
  const [timeout, full, whenDown] = await Promise.all(
    ['cluster-node-timeout', 'cluster-require-full-coverage', 'cluster-allow-pubsubshard-when-down'].map(config),
  );
  if (Number(timeout) > 5_000)
    findings.push(
      warning(
        `the calls of a master that dies hear nothing for ${Number(timeout) / 1_000} s (cluster-node-timeout)`,
        'CONFIG SET cluster-node-timeout 2000',
      ),
    );
  if (full === 'yes')
    findings.push(warning('a shard without a master stops all others', 'CONFIG SET cluster-require-full-coverage no'));
  if (whenDown === 'no')
    findings.push(
      warning('frames stop while any slot is without a master', 'CONFIG SET cluster-allow-pubsubshard-when-down yes'),
    );
  return findings;
}
