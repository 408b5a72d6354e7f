import {setTimeout as sleep} from 'node:timers/promises';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {openRedis, type RedisClient} from '@voicebridge/shared/redis/connect.ts';
import {openCalls} from '@voicebridge/shared/redis/keys.ts';
import type {CallReport} from '../../simulators/twilio/src/report/call-report.ts';
import {metric, type ProcessFleet} from '../../tools/harness/process-fleet.ts';
import {type AudioEvidence, audioEvidence} from '../../tools/harness/audio-evidence.ts';

/** An orphan sweep finds a call without an owner within 30 s; then its record must be written, on a busy machine too. */
const RECORDS_WITHIN_MS = 90_000;

/** A call as recorded by analytics. */
export interface RecordedCall {
  readonly callSid: string;
  readonly endReason: string;
  readonly epoch: number;
}

/** Everything that is known of a run after all callers have hung up. */
export interface RunEvidence {
  readonly reports: readonly CallReport[];
  readonly audioEvidence: readonly AudioEvidence[];
  readonly records: readonly RecordedCall[];
  /** CallSids that Redis still lists as calls without a record. */
  readonly open: readonly string[];
  /** Frame channels that still have a subscriber. */
  readonly channels: readonly string[];
  /** Keys without a lifetime, apart from those that must stay. */
  readonly keys: readonly string[];
  /** Calls that edges and workers still count as active. */
  readonly held: readonly string[];
}

/** As `settle`, and what every model session heard. */
export async function gatherEvidence(fleet: ProcessFleet, reports: readonly CallReport[]): Promise<RunEvidence> {
  const settled = await settle(fleet, reports);
  return {...settled, audioEvidence: await audioEvidence(fleet)};
}

/** Waits until every record is written and everything is released, or until the time is over. */
export async function settle(
  fleet: ProcessFleet,
  reports: readonly CallReport[],
): Promise<Omit<RunEvidence, 'audioEvidence'>> {
  const redis = openRedis(fleet.redisUrl, 'commands', createLog('chaos', {level: 'silent'}));
  try {
    const until = performance.now() + RECORDS_WITHIN_MS;
    for (;;) {
      const evidence = await look(fleet, redis, reports);
      if (isSettled(evidence) || performance.now() > until) return evidence;
      await sleep(500);
    }
  } finally {
    redis.disconnect();
  }
}

function isSettled({reports, records, open, channels, keys, held}: Omit<RunEvidence, 'audioEvidence'>): boolean {
  const leftovers = [open, channels, keys, held];
  return records.length >= reports.length && leftovers.every(list => list.length === 0);
}

async function look(
  fleet: ProcessFleet,
  redis: RedisClient,
  reports: readonly CallReport[],
): Promise<Omit<RunEvidence, 'audioEvidence'>> {
  const processes = [...fleet.edges, ...fleet.workers];
  const counts = await Promise.all(processes.map(each => metric(each, 'voicebridge_calls_active')));
  const held = processes.flatMap(({name}, index) => (counts[index] ? [`${name}: ${counts[index]}`] : []));
  const channels = (await redis.call('PUBSUB', 'SHARDCHANNELS', 'media:*')) as string[];
  const [records, open, keys] = [await recordsOf(fleet), await redis.smembers(openCalls), await lastingKeys(redis)];
  return {reports, records, open, channels, keys, held};
}

async function recordsOf(fleet: ProcessFleet): Promise<RecordedCall[]> {
  const all: RecordedCall[] = [];
  for (let next: string | null = ''; next !== null;) {
    const url = new URL(`/api/calls?limit=1000${next === '' ? '' : `&after=${next}`}`, fleet.analytics?.url);
    const page = (await (await fetch(url)).json()) as {calls: RecordedCall[]; next: string | null};
    all.push(...page.calls);
    next = page.next;
  }
  return all;
}

/** Keys without a lifetime, apart from the fleet, the lists of calls and the queue: they would stay for ever. */
async function lastingKeys(redis: RedisClient): Promise<string[]> {
  const keys = (await redis.keys('*')).filter(key => !/^(fleet:|calls:|\{vb\}:)/.test(key));
  const lifetimes = await Promise.all(keys.map(key => redis.ttl(key)));
  return keys.filter((_, index) => lifetimes[index] === -1);
}
