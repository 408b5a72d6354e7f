import {FleetKey} from '@voicebridge/shared/protocol/fleet-key.ts';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import {expect, test} from 'vitest';
import {buildCdr} from '../cdr/build-cdr.ts';
import {restoreCall, snapshotOf} from '../journal/restore-call.ts';
import {randomJournal} from '../testing/random-journal.ts';
import {type JournalEntry, readJournal} from './journal-entry.ts';
import {JournalSeal} from './journal-seal.ts';

const SEEDS = Array.from({length: 20}, (_, seed) => seed + 1);
const [OURS, FOREIGN] = ['0'.repeat(64), '1'.repeat(64)];

function sealOf(key: string, mayWrite = true) {
  let unreadable = 0;
  const options = {mayWrite: () => mayWrite, onUnreadable: () => void (unreadable += 1)};
  const seal = new JournalSeal(new FleetKey([key], () => 0).textSeal('call 1'), options);
  return {seal, unreadable: () => unreadable};
}

/** A random journal with all that people do not want to be read, and a snapshot of it in front. */
function journalOf(seed: number): JournalEntry[] {
  const entries = randomJournal(seededRandom(seed), 8);
  const tool = entries.findLast(entry => entry.is === 'tool')?.tool;
  const wall = entries.at(-1)?.wall ?? 0;
  const more: JournalEntry[] = [
    {is: 'item', wall, item: {kind: 'note', id: 'keys', text: 'The caller pressed 4 1 1 1.'}},
    {is: 'notes', wall, notes: {name: 'Larsen'}},
    {is: 'assistant', wall, assistant: 'booking', version: 'v2', variables: {name: 'Larsen'}},
    {is: 'keys', wall, callId: 'c', as: 'pin', keys: '4071', isWhole: true},
    ...(tool
      ? [{is: 'tool', wall, tool: {...tool, arguments: '{"iban":"NO93"}', result: 'Larsen'}, callId: 'c'} as const]
      : []),
  ];
  const all = [...entries, ...more].map(entry =>
    entry.is === 'opened' ? {...entry, version: 'v1', variables: {name: 'Larsen'}} : entry,
  );
  return [{is: 'snapshot', wall, call: snapshotOf(all)}, ...all];
}

const WORDS = /open from|question \d|pressed|Larsen|NO93|"4071"|\{"open":true\}/;

test('what was said and pressed, asked, noted and filled in stands in no line, and comes back as it was', () => {
  for (const seed of SEEDS) {
    const entries = journalOf(seed);
    const lines = entries.map(entry => sealOf(OURS).seal.line(entry));
    expect(lines.join('\n'), `seed ${seed}`).not.toMatch(WORDS);
    const {seal, unreadable} = sealOf(OURS);
    expect(seal.read(lines), `seed ${seed}`).toEqual(readJournal(entries.map(entry => JSON.stringify(entry))));
    expect(unreadable()).toBe(0);
  }
});

test('a worker without the key goes on with the call without its words, and the record has all but them', () => {
  for (const seed of SEEDS) {
    const entries = journalOf(seed).filter(({is}) => is !== 'snapshot');
    const lines = entries.map(entry => sealOf(OURS).seal.line(entry));
    const {seal, unreadable} = sealOf(FOREIGN);
    const read = seal.read(lines);
    expect(unreadable()).toBe(1);
    expect(read.map(({is}) => is)).toEqual(entries.map(({is}) => is));
    expect(JSON.stringify(read)).not.toMatch(WORDS);
    const [known, whole] = [restoreCall(read, 0), restoreCall(entries, 0)];
    const plain = ({turns, toolCalls, greeted, stream, owner, said, failovers}: typeof known) => [
      turns,
      toolCalls,
      greeted,
      stream,
      owner,
      said,
      failovers,
    ];
    expect(plain(known), `seed ${seed}`).toEqual(plain(whole));
    const [ours, theirs] = [entries, read].map(each => buildCdr(each, 'off')?.[0]);
    expect({...theirs?.summary, notes: {}}, `seed ${seed}`).toEqual({...ours?.summary, notes: {}});
    expect(theirs?.turns).toEqual(ours?.turns);
  }
});

test('while a worker of an older version is there, lines are written for it, and what was sealed is to be undone', () => {
  const [words] = readJournal(['{"is":"words","wall":1,"id":"a","text":"Hello"}']);
  if (!words) throw new Error('no entry');
  const options = {mayWrite: false};
  const seal = new JournalSeal(new FleetKey([OURS], () => 0).textSeal('call 1'), {mayWrite: () => options.mayWrite});
  expect(seal.line(words)).toContain('Hello');
  expect(seal.mustBeUndone).toBe(false);
  options.mayWrite = true;
  const sealed = seal.line(words);
  expect([sealed.includes('Hello'), seal.mustBeUndone]).toEqual([false, false]);
  options.mayWrite = false;
  expect(seal.mustBeUndone).toBe(true);
  seal.undone();
  expect(seal.mustBeUndone).toBe(false);
  // The next owner finds it in what it reads.
  seal.read([sealed]);
  expect(seal.mustBeUndone).toBe(true);
});

test('who can write to Redis cannot put words of one call into another, nor his own', () => {
  const [words] = readJournal(['{"is":"words","wall":1,"id":"a","text":"Hello"}']);
  if (!words) throw new Error('no entry');
  const other = new JournalSeal(new FleetKey([OURS], () => 0).textSeal('call 2'), {mayWrite: () => true});
  const forged = JSON.stringify({...words, text: '', sealed: Buffer.from('{"is":"words"}').toString('base64')});
  const {seal, unreadable} = sealOf(OURS);
  expect(seal.read([other.line(words), forged]).map(entry => (entry.is === 'words' ? entry.text : entry.is))).toEqual([
    '',
    '',
  ]);
  expect(unreadable()).toBe(1);
});
