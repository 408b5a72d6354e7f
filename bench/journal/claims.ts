import {randomBytes} from 'node:crypto';
import {RedisCallDirectory} from '@voicebridge/shared/call-directory/redis-call-directory.ts';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {FleetKey} from '@voicebridge/shared/protocol/fleet-key.ts';
import {CallSid, ProcessId} from '@voicebridge/shared/protocol/ids.ts';
import {openRedis} from '@voicebridge/shared/redis/connect.ts';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import {systemClock} from '@voicebridge/shared/time.ts';
import type {JournalEntry} from '../../services/realtime-worker/src/events/journal-entry.ts';
import {JournalSeal} from '../../services/realtime-worker/src/events/journal-seal.ts';
import {CallJournal} from '../../services/realtime-worker/src/journal/call-journal.ts';
import {joined, WRITE_EVERY} from '../../services/realtime-worker/src/journal/journal-writes.ts';
import {recallPast} from '../../services/realtime-worker/src/journal/recall-past.ts';
import {restoreCall, snapshotOf} from '../../services/realtime-worker/src/journal/restore-call.ts';
import {randomJournal} from '../../services/realtime-worker/src/testing/random-journal.ts';

const COMPACT_AFTER = 100;
const [from, to] = [ProcessId.parse('worker-aaaa'), ProcessId.parse('worker-bbbb')];
const log = createLog('bench', {level: 'silent'});

/** What the next owner of a call waits for, in milliseconds, at best: first to hear the caller, then for the model. */
export interface ClaimCost {
  readonly minutes: number;
  readonly isCompacted: boolean;
  readonly entries: number;
  readonly kilobytes: number;
  readonly claimMs: number;
  readonly restoreMs: number;
  readonly recallMs: number;
  /** The most processor time that it took meanwhile without a pause: for so long all its other calls wait. */
  readonly blockedMs: number;
}

/** Measures takes of an invented call of this age. */
export async function claimCost(
  redisUrl: string,
  minutes: number,
  {isCompacted, isSealed}: {readonly isCompacted: boolean; readonly isSealed: boolean},
): Promise<ClaimCost> {
  const key = new FleetKey(isSealed ? ['0'.repeat(64)] : [], Date.now);
  const sealOf = (sid: CallSid) => new JournalSeal(key.textSeal(sid), {mayWrite: () => true});
  const redis = openRedis(redisUrl, 'commands', log);
  const directory = new RedisCallDirectory(redis);
  const callSid = CallSid.parse(`CA${randomBytes(16).toString('hex')}`);
  await directory.claim(callSid, {epoch: 0, owner: from, at: 0});
  const entries = callOf(minutes);
  for (let place = 0; place < entries.length; place += COMPACT_AFTER) {
    const part = entries.slice(place, place + COMPACT_AFTER);
    await directory.append(
      callSid,
      1,
      part.map(entry => sealOf(callSid).line(entry)),
    );
    const journal = await directory.journal(callSid);
    if (!isCompacted || part.length < COMPACT_AFTER) continue;
    const seal = sealOf(callSid);
    const call = snapshotOf(seal.read(journal));
    const snapshot = seal.line({is: 'snapshot', wall: part.at(-1)?.wall ?? 0, call});
    await directory.compact(callSid, 1, {lines: journal.length, snapshot});
  }
  const lines = await directory.journal(callSid);
  const times: {claim: number; restore: number; recall: number; blocked: number}[] = [];
  for (let epoch = 1; epoch <= 40; epoch += 1) {
    const began = performance.now();
    const claim = await directory.claim(callSid, {epoch, owner: to, at: 0});
    const claimed = performance.now();
    if (!claim.won) throw new Error('the claim lost');
    const seal = sealOf(callSid);
    const read = seal.read(claim.journal);
    const restored = restoreCall(read, systemClock.wall());
    const restoredAt = performance.now();
    const options = {directory, callSid, epoch, clock: systemClock, log, entries: read};
    const rest = {currentEntry: () => claim.call, mayCompact: () => false, onFenced: () => {}};
    const journal = new CallJournal({...options, ...rest});
    const blocked = longestPiece();
    if (isCompacted)
      await recallPast(callSid, {directory, clock: systemClock, log}, {seal, entries: read, restored, journal});
    const recalled = performance.now();
    const taken = {claim: claimed - began, restore: restoredAt - claimed, recall: recalled - restoredAt};
    // The first takes run code that is not compiled yet.
    if (epoch > 8) times.push({...taken, blocked: blocked()});
  }
  redis.disconnect();
  return {
    minutes,
    isCompacted,
    entries: entries.length,
    kilobytes: lines.reduce((sum, line) => sum + line.length, 0) / 1_024,
    claimMs: best(times.map(({claim}) => claim)),
    restoreMs: best(times.map(({restore}) => restore)),
    recallMs: best(times.map(({recall}) => recall)),
    blockedMs: best(times.map(({blocked}) => blocked)),
  };
}

/** An invented call of this length that is in the middle of a reply. */
function callOf(minutes: number): JournalEntry[] {
  const all = randomJournal(seededRandom(7), Math.ceil(minutes * 12));
  const end = (all[0]?.wall ?? 0) + minutes * 60_000;
  const written: JournalEntry[] = [];
  for (const entry of all.filter(({wall}) => wall <= end)) {
    // As a worker writes it: pieces of a reply that came within 300 ms are one entry.
    const before = written.at(-1);
    const longer = before && entry.wall - before.wall < WRITE_EVERY ? joined(before, entry) : undefined;
    if (longer) written[written.length - 1] = longer;
    else written.push(entry);
  }
  return written;
}

/**
 * Watches the event loop from now on. The result ends that, and returns the most processor time between two of its turns,
 * in milliseconds: other work on the machine does not count.
 */
function longestPiece(): () => number {
  let longest = 0;
  let [isOver, last] = [false, threadMs()];
  const look = () => {
    const now = threadMs();
    longest = Math.max(longest, now - last);
    last = now;
    if (!isOver) setImmediate(look);
  };
  setImmediate(look);
  return () => {
    isOver = true;
    return Math.max(longest, threadMs() - last);
  };
}

function threadMs(): number {
  const {user, system} = process.threadCpuUsage();
  return (user + system) / 1_000;
}

/** Other work on the machine only ever adds. */
function best(values: readonly number[]): number {
  return Math.min(...values);
}
