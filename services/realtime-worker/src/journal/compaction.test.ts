import {MemoryCallDirectory} from '@voicebridge/shared/call-directory/memory-call-directory.ts';
import type {CallEntry} from '@voicebridge/shared/call-directory/call-directory.ts';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {FleetKey} from '@voicebridge/shared/protocol/fleet-key.ts';
import {CallSid, ProcessId} from '@voicebridge/shared/protocol/ids.ts';
import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import {seededRandom, type Random} from '@voicebridge/shared/testing/seeded-random.ts';
import {expect, test} from 'vitest';
import {buildCdr} from '../cdr/build-cdr.ts';
import {type JournalEntry, readJournal} from '../events/journal-entry.ts';
import {JournalSeal} from '../events/journal-seal.ts';
import {randomJournal} from '../testing/random-journal.ts';
import {CallJournal, COMPACT_AFTER} from './call-journal.ts';
import {recallPast} from './recall-past.ts';
import {restoreCall, snapshotOf} from './restore-call.ts';
import {RestoringCall} from './restoring-call.ts';

const SEEDS = Array.from({length: Number(process.env['COMPACTION_RUNS'] ?? 15)}, (_, seed) => seed + 1);
const callSid = CallSid.parse(`CA${'1'.repeat(32)}`);
const log = createLog('test', {level: 'silent'});

/** The same journal after it was compacted at random moments, as Redis would return it, and what was moved to the past. */
function compacted(all: readonly JournalEntry[], random: Random): {journal: JournalEntry[]; past: JournalEntry[]} {
  let journal: JournalEntry[] = [];
  const past: JournalEntry[] = [];
  for (const entry of all) {
    journal.push(entry);
    if (!random.chance(0.02)) continue;
    const line = JSON.stringify({is: 'snapshot', wall: entry.wall, call: snapshotOf(journal)});
    past.push(...journal.filter(({is}) => is !== 'snapshot'));
    journal = readJournal([line]);
    expect(journal).toHaveLength(1);
  }
  return {journal, past};
}

test('a call that was compacted at random moments goes on like one that never was', () => {
  for (const seed of SEEDS) {
    const random = seededRandom(seed);
    const whole = randomJournal(random, random.whole(1, 50));
    const all = whole.slice(0, random.whole(1, whole.length));
    const {journal, past} = compacted(all, random);
    const nowWall = (all.at(-1)?.wall ?? 0) + random.whole(0, 5_000);
    const [plain, short] = [restoreCall(all, nowWall), restoreCall(journal, nowWall)];
    // What must be decided before the past was read.
    expect(short.conversation.awaitsAnswer, `seed ${seed}`).toBe(plain.conversation.awaitsAnswer);
    const full = new RestoringCall();
    for (const entry of [...past, ...journal]) if (entry.is !== 'snapshot') full.read(entry);
    short.conversation.recall(full.conversation);
    expect(short, `seed ${seed}`).toEqual(plain);
    expect(buildCdr([...past, ...journal], 'heard'), `seed ${seed}`).toEqual(buildCdr(all, 'heard'));
  }
}, 30_000);

/** One owner of the call after another writes a part of a journal; workers of an older version come and go. */
async function throughOwners(seed: number) {
  const random = seededRandom(seed);
  const clock = new FakeClock();
  const directory = new MemoryCallDirectory(clock);
  const all = randomJournal(random, random.whole(20, 60));
  const expected: JournalEntry[] = [];
  let mayCompact = true;
  const key = new FleetKey(['0'.repeat(64)], () => 0);
  const newSeal = () => new JournalSeal(key.textSeal(callSid), {mayWrite: () => mayCompact});
  /** What an owner found that was left by one that could compact at any time. */
  const found: number[] = [];
  let couldCompact = false;
  let journal: CallJournal | undefined;
  let left = all;
  for (let epoch = 0; left.length > 0; epoch += 1) {
    const owner = ProcessId.parse(`worker-${String(epoch).padStart(4, '0')}`);
    const claim = await directory.claim(callSid, {epoch, owner, at: 0});
    if (!claim.won) throw new Error('the claim lost');
    if (couldCompact) found.push(claim.journal.length);
    const seal = newSeal();
    const entries = seal.read(claim.journal);
    const known: CallEntry = claim.call;
    const options = {directory, callSid, epoch: epoch + 1, clock, log, entries, currentEntry: () => known};
    journal = new CallJournal({...options, seal, mayCompact: () => mayCompact, onFenced: () => {}});
    const isRecalled = random.chance(0.8);
    const others = random.chance(0.5);
    couldCompact = isRecalled && mayCompact && !others;
    if (isRecalled) {
      const restored = restoreCall(entries, clock.wall());
      await recallPast(callSid, {directory, clock, log}, {seal, entries, restored, journal});
      const plain = restoreCall(expected, clock.wall());
      expect(restored.conversation.items, `seed ${seed}`).toEqual(plain.conversation.items);
      expect(restored, `seed ${seed}`).toEqual(plain);
    }
    const mine = random.whole(1, 700);
    for (const {wall: _, ...fact} of left.slice(0, mine)) {
      journal.write(fact);
      await clock.advanceAsync(random.whole(10, 900), 300);
      if (others && random.chance(0.005)) mayCompact = !mayCompact;
      if (random.chance(0.05)) journal.review();
      if (isRecalled && random.chance(0.002)) directory.lose();
    }
    left = left.slice(mine);
    await journal.verifyOwnership();
    await journal.written();
    expected.splice(
      0,
      expected.length,
      ...newSeal().read([...(await directory.past(callSid)), ...(await written(directory))]),
    );
    journal.stop();
  }
  return {all, directory, journal, found, expected};
}

const written = async (directory: MemoryCallDirectory) =>
  (await directory.journal(callSid)).filter(line => !line.startsWith('{"is":"snapshot"'));

test('each owner of a long call reads little of it, and all of it is in the record', async () => {
  let checked = 0;
  for (const seed of SEEDS.slice(0, 8)) {
    const {all, found, expected} = await throughOwners(seed);
    const facts = (entries: readonly JournalEntry[]) => entries.map(entry => ({...entry, wall: 0}));
    // Pieces of a reply may have been joined; nothing else may be missing, doubled or out of order.
    const unsaid = (entries: readonly JournalEntry[]) => facts(entries).filter(({is}) => is !== 'said');
    expect(unsaid(expected), `seed ${seed}`).toEqual(unsaid(all));
    for (const lines of found) expect(lines, `seed ${seed}`).toBeLessThanOrEqual(COMPACT_AFTER);
    checked += found.length;
  }
  expect(checked).toBeGreaterThan(0);
}, 30_000);
