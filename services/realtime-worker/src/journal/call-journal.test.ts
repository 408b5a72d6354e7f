import {ToolCallRecord} from '@voicebridge/shared/cdr/call-record.ts';
import {expect, test} from 'vitest';
import {MemoryCallDirectory} from '@voicebridge/shared/call-directory/memory-call-directory.ts';
import type {CallEntry} from '@voicebridge/shared/call-directory/call-directory.ts';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {CallSid, ProcessId, StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import type {JournalEntry} from '../events/journal-entry.ts';
import {JournalSeal} from '../events/journal-seal.ts';
import {CallJournal} from './call-journal.ts';

const callSid = CallSid.parse(`CA${'1'.repeat(32)}`);
const owner = ProcessId.parse('worker-aaaaaaaaaaaa');
const known: CallEntry = {
  callSid,
  state: 'live',
  epoch: 1,
  owner,
  assistant: 'default',
  attempts: 0,
  startedAt: 0,
  facts: {},
};

test('a call that Redis has lost and cannot store is logged once, and is restored when Redis takes writes again', async () => {
  const clock = new FakeClock();
  const directory = new MemoryCallDirectory(clock);
  const restore = directory.restore.bind(directory);
  let refusals = 0;
  let readOnly = true;
  directory.restore = async call => {
    if (!readOnly) return await restore(call);
    refusals += 1;
    throw new Error('READONLY');
  };
  const lines: string[] = [];
  const log = createLog('test', {to: {write: line => void lines.push(line)}});
  const onFenced = () => {
    throw new Error('fenced');
  };
  const journal = new CallJournal({
    directory,
    callSid,
    epoch: 1,
    clock,
    log,
    entries: [],
    currentEntry: () => known,
    mayCompact: () => true,
    onFenced,
  });
  journal.write({is: 'greeted'});
  await clock.advanceAsync(60_000, 250);
  expect(refusals).toBeGreaterThan(200);
  expect(lines.filter(line => line.includes('redis has lost the call'))).toHaveLength(1);
  readOnly = false;
  await clock.advanceAsync(1_000, 250);
  await journal.written();
  expect(await directory.read(callSid)).toMatchObject({owner, epoch: 1});
});

test('in an outage of a minute each entry becomes a line once, however often Redis is tried, and all are written in order', async () => {
  const clock = new FakeClock();
  const directory = new MemoryCallDirectory(clock);
  await directory.claim(callSid, {epoch: 0, owner, at: 0});
  const append = directory.append.bind(directory);
  directory.append = async () => Promise.reject(new Error('away'));
  let made = 0;
  class CountingSeal extends JournalSeal {
    override line(entry: JournalEntry): string {
      made += 1;
      return super.line(entry);
    }
  }
  const journal = new CallJournal({
    directory,
    callSid,
    epoch: 1,
    clock,
    log: createLog('test', {level: 'silent'}),
    entries: [],
    currentEntry: () => known,
    mayCompact: () => true,
    seal: new CountingSeal(),
    onFenced: () => {},
  });
  for (let second = 0; second < 60; second += 1) {
    journal.write({is: 'complete', id: `item-${second}`});
    await clock.advanceAsync(1_000, 250);
  }
  expect(made).toBe(60);
  directory.append = append;
  await clock.advanceAsync(1_000, 250);
  const lines = await directory.journal(callSid);
  expect(lines.map(line => (JSON.parse(line) as {id: string}).id)).toEqual(
    Array.from({length: 60}, (_, second) => `item-${second}`),
  );
});

const other = ProcessId.parse('worker-bbbbbbbbbbbb');

/** A call in the directory that `owner` has claimed, and the journal that it writes. */
async function ownedCall() {
  const clock = new FakeClock();
  const directory = new MemoryCallDirectory(clock);
  await directory.claim(callSid, {epoch: 0, owner, at: 0});
  let fences = 0;
  const log = createLog('test', {level: 'silent'});
  const journal = new CallJournal({
    directory,
    callSid,
    epoch: 1,
    clock,
    log,
    entries: [],
    currentEntry: () => known,
    mayCompact: () => true,
    onFenced: () => (fences += 1),
  });
  const written = async () => (await directory.journal(callSid)).map(line => /"is":"(\w+)"/.exec(line)?.[1]);
  return {clock, directory, journal, written, fences: () => fences};
}

test('what waited through a long outage goes out in several writes, in order, and the next owner is safe after each', async () => {
  const {clock, directory, journal} = await ownedCall();
  const append = directory.append.bind(directory);
  directory.append = async () => Promise.reject(new Error('away'));
  for (let n = 0; n < 2_000; n += 1)
    journal.write({is: 'complete', id: `${n}-${'x'.repeat(n % 100 === 0 ? 100_000 : 10)}`});
  await clock.advanceAsync(1_000, 250);
  const [writes, arrived]: [number[], string[]] = [[], []];
  directory.append = async (call, epoch, lines) => {
    writes.push(lines.join('').length);
    if (writes.length === 3) throw new Error('away again');
    arrived.push(...lines);
    return await append(call, epoch, lines);
  };
  await clock.advanceAsync(5_000, 250);
  await journal.written();
  const ids = arrived.map(line => Number((JSON.parse(line) as {id: string}).id.split('-')[0]));
  expect(ids).toEqual(Array.from({length: 2_000}, (_, n) => n));
  expect(writes.length).toBeGreaterThan(8);
  expect(Math.max(...writes)).toBeLessThan(300_000);
});

test('an owner whose call was claimed in a newer epoch is fenced once and writes nothing more', async () => {
  const {directory, journal, written, fences} = await ownedCall();
  journal.write({is: 'greeted'});
  await journal.written();
  await directory.claim(callSid, {epoch: 1, owner: other, at: 0});
  journal.write({is: 'complete', id: 'a'});
  await journal.written();
  journal.write({is: 'complete', id: 'b'});
  await journal.written();
  expect(await written()).toEqual(['greeted']);
  expect([journal.fenced, fences()]).toEqual([true, 1]);
  expect(await directory.read(callSid)).toMatchObject({owner: other, epoch: 2});
});

test('an owner whose call has ended elsewhere is fenced', async () => {
  const {directory, journal, written, fences} = await ownedCall();
  await directory.end(callSid, 1);
  journal.write({is: 'greeted'});
  await journal.written();
  expect([await written(), journal.fenced, fences()]).toEqual([[], true, 1]);
});

test('an owner whose epoch was raised by a new stream of its own call goes on writing in that epoch', async () => {
  const {directory, journal, written, fences} = await ownedCall();
  const edge = ProcessId.parse('edge-aaaaaaaaaaaa');
  await directory.attach(callSid, {epoch: 1, streamSid: StreamSid.parse(`MZ${'1'.repeat(32)}`), edge});
  await directory.attach(callSid, {epoch: 1, streamSid: StreamSid.parse(`MZ${'2'.repeat(32)}`), edge});
  journal.write({is: 'greeted'});
  await journal.written();
  expect([await written(), journal.epoch, journal.fenced, fences()]).toEqual([['greeted'], 2, false, 0]);
});

test('a Redis that came back empty is given the call and its whole journal again', async () => {
  const {directory, journal, written} = await ownedCall();
  journal.write({is: 'greeted'});
  await journal.written();
  directory.lose();
  await journal.verifyOwnership();
  expect(await directory.read(callSid)).toMatchObject({state: 'live', owner, epoch: 1});
  expect(await written()).toEqual(['greeted']);
});

test('entries written while Redis is away arrive in order, once, when it is back', async () => {
  const {clock, directory, journal, written} = await ownedCall();
  const append = directory.append.bind(directory);
  let isAway = true;
  directory.append = async (...args) => {
    if (!isAway) return await append(...args);
    if (args[2].length === 1) journal.write({is: 'complete', id: 'a'}); // while the first entry is on its way
    isAway = args[2].length === 1;
    throw new Error('Redis is away');
  };
  journal.write({is: 'greeted'});
  await clock.advanceAsync(1_000, 250);
  await journal.written();
  expect(await written()).toEqual(['greeted', 'complete']);
});

test('what a reply says in one breath is one entry, and one write', async () => {
  const {clock, directory, journal} = await ownedCall();
  const append = directory.append.bind(directory);
  let writes = 0;
  directory.append = async (...args) => {
    writes += 1;
    return await append(...args);
  };
  journal.write({is: 'said', id: 'a', from: 0, ms: 100}); // at once, so that nobody says it again
  await clock.advanceAsync(20, 10);
  expect(writes).toBe(1);
  for (let ms = 100; ms < 1_500; ms += 100) {
    journal.write({is: 'said', id: 'a', from: ms, ms: ms + 100});
    await clock.advanceAsync(20, 10);
  }
  await clock.advanceAsync(300, 10);
  expect(writes).toBe(2);
  const lines = (await directory.journal(callSid)).map((line): unknown => JSON.parse(line));
  expect(lines).toMatchObject([
    {is: 'said', id: 'a', from: 0, ms: 100},
    {is: 'said', id: 'a', from: 100, ms: 1_500},
  ]);
  expect(journal.entries).toEqual(lines);
});

test('a tool that is about to run is in the journal at once, with all that was written before it', async () => {
  const {clock, journal, written} = await ownedCall();
  journal.write({is: 'greeted'});
  await clock.advanceAsync(20, 10);
  journal.write({is: 'complete', id: 'a'});
  await clock.advanceAsync(20, 10);
  expect(await written()).toEqual(['greeted']);
  const tool = ToolCallRecord.parse({call: 0, turn: 0, name: 'look_up', at: 0, durationMs: null, ok: false});
  journal.write({is: 'tool', tool});
  await clock.advanceAsync(10, 10);
  expect(await written()).toEqual(['greeted', 'complete', 'tool']);
});

test('a piece of a reply is not joined to one that is already on its way', async () => {
  const {clock, directory, journal} = await ownedCall();
  const append = directory.append.bind(directory);
  directory.append = async (...args) => {
    journal.write({is: 'said', id: 'a', from: 100, ms: 200});
    directory.append = append;
    return await append(...args);
  };
  journal.write({is: 'said', id: 'a', from: 0, ms: 100});
  await clock.advanceAsync(500, 10);
  const lines = (await directory.journal(callSid)).map((line): unknown => JSON.parse(line));
  expect(lines).toMatchObject([
    {from: 0, ms: 100},
    {from: 100, ms: 200},
  ]);
});

test('a clock that is set in mid-call changes neither the length of the call nor the order of its entries', async () => {
  const clock = new FakeClock();
  let set = 0;
  const settable = {now: () => clock.now(), wall: () => clock.wall() + set, after: clock.after.bind(clock)};
  const journalOf = (entries: readonly JournalEntry[]) =>
    new CallJournal({
      directory: new MemoryCallDirectory(clock),
      callSid,
      epoch: 1,
      clock: settable,
      log: createLog('test', {level: 'silent'}),
      entries,
      currentEntry: () => known,
      mayCompact: () => false,
      onFenced: () => {},
    });
  const first = journalOf([]);
  const startedAt = clock.wall();
  for (const jump of [0, 3_600_000, -7_200_000]) {
    set = jump;
    clock.advance(1_000);
    first.write({is: 'modelReady', ms: 1});
  }
  // The next owner's clock is two hours behind.
  const second = journalOf(first.entries);
  clock.advance(500);
  second.write({is: 'ended', reason: 'caller.hung-up'});
  expect(second.entries.map(({wall}) => wall - startedAt)).toEqual([1_000, 2_000, 3_000, 3_500]);
  for (const journal of [first, second]) journal.stop();
});
