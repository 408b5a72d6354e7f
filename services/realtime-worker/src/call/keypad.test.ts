import fc from 'fast-check';
import {expect, test} from 'vitest';
import {StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import {restoreCall} from '../journal/restore-call.ts';
import type {CallEffect} from '../events/call-effect.ts';
import type {JournalEntry} from '../events/journal-entry.ts';
import {began, Call, journalled} from '../testing/call.ts';

const PAUSE = 2_000;
/** The model of these calls answers nothing. */
const PATIENT = {answerWithinMs: 1_000_000};
const {streamSid} = began;

const journalOf = (call: Call): JournalEntry[] =>
  call.effects.flatMap(effect => (effect.do === 'journal' ? [{...effect.fact, wall: 0}] : []));
/** The keys that the model was told about, in the order in which it was. */
const told = (effects: readonly CallEffect[]) =>
  journalled(effects, 'item').flatMap(({item}) =>
    item.kind === 'note' ? (/pressed (.*) on/.exec(item.text)?.[1] ?? '').replaceAll(' ', '') : [],
  );

/** The next owner of a call with this journal, and what an edge sends it of the keys. */
function successor(entries: readonly JournalEntry[], keys: string): Call {
  const epoch = 2 + entries.length;
  const next = new Call({}, '', {...PATIENT, epoch}, entries);
  next.model({type: 'ready'});
  next.edge(began);
  const {stream} = restoreCall(entries, 0);
  for (const [index, digit] of Array.from(keys).entries())
    if (index + 1 > (stream?.digits ?? 0)) next.edge({kind: 'digit', digit, number: index + 1});
  return next;
}

test('a key that a caller pressed a moment before their worker died is answered by the next one', () => {
  const call = Call.connected();
  call.at(1_000).edge({kind: 'digit', digit: '4', number: 1});
  const next = successor(journalOf(call), '4');
  expect(told(next.timePasses(PAUSE))).toEqual(['4']);
});

test('each key counts once, whenever workers die and whatever is sent again', () => {
  const step = fc.record({key: fc.constantFrom('1', '2', '3', '*'), pause: fc.constantFrom(0, 300, PAUSE)});
  fc.assert(
    fc.property(fc.array(step, {minLength: 1, maxLength: 12}), fc.array(fc.nat(11)), (steps, deaths) => {
      let call = Call.connected({}, '', PATIENT);
      let keys = '';
      let at = 0;
      const journal: JournalEntry[] = [];
      for (const [index, {key, pause}] of steps.entries()) {
        keys += key;
        // The edge may send a key to the old owner and, not knowing whether it arrived, to the new one too.
        const arrives = !deaths.includes(index) || index % 2 === 0;
        if (arrives) call.at(at).edge({kind: 'digit', digit: key, number: index + 1});
        if (deaths.includes(index)) {
          journal.push(...journalOf(call));
          call = successor(journal, keys);
          call.edge({kind: 'digit', digit: key, number: index + 1});
        }
        at += pause;
        call.timePasses(at);
      }
      call.timePasses(at + PAUSE);
      journal.push(...journalOf(call));
      expect(told(journal.map(fact => ({do: 'journal', fact}))).join('')).toBe(keys);
    }),
  );
});

test('the keys of another stream are counted from one again, and those of the first are not forgotten', () => {
  const call = Call.connected();
  call.edge({kind: 'digit', digit: '4', number: 1});
  call.edge({kind: 'ended', why: 'lost'});
  call.edge({...began, streamSid: StreamSid.parse(`MZ${'2'.repeat(32)}`)});
  call.edge({kind: 'digit', digit: '2', number: 1});
  expect(told(call.timePasses(PAUSE))).toEqual(['42']);
});

test('an edge of an older version, which does not count keys, is believed', () => {
  const call = Call.connected();
  call.edge({kind: 'digit', digit: '7'});
  call.edge({kind: 'digit', digit: '7'});
  expect(told(call.timePasses(PAUSE))).toEqual(['77']);
});

test('a worker does not say how many keys it knows if an owner before did not count them', () => {
  const entries: JournalEntry[] = [{is: 'stream', streamSid, edge: 'edge-0001', epoch: 1, wall: 0}];
  expect(restoreCall(entries, 0).stream?.digits).toBeUndefined();
  const counted: JournalEntry[] = [
    {is: 'stream', streamSid, edge: 'edge-0001', epoch: 1, digits: 0, wall: 0},
    {is: 'pressed', streamSid, number: 2, keys: '42', wall: 0},
  ];
  expect(restoreCall(counted, 0)).toMatchObject({stream: {digits: 2}, pressed: '42'});
  const older: JournalEntry[] = [...counted, {is: 'stream', streamSid, edge: 'edge-0001', epoch: 2, wall: 0}];
  expect(restoreCall(older, 0).stream?.digits).toBeUndefined();
});

test('a worker that takes a call from one that did not count keys does not say that there were none', () => {
  const entries: JournalEntry[] = [{is: 'stream', streamSid, edge: 'edge-0001', epoch: 1, wall: 0}];
  const next = new Call({}, '', {epoch: 2}, entries);
  next.edge(began);
  expect(journalled(next.effects, 'stream')).toMatchObject([{digits: undefined}]);
  next.edge({kind: 'digit', digit: '3', number: 3});
  expect(journalled(next.effects, 'pressed')).toMatchObject([{number: 3, keys: '3'}]);
});
