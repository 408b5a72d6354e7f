import {readFileSync} from 'node:fs';
import {describe, expect, test} from 'vitest';
import type {Fact} from '../events/call-effect.ts';
import {CallCore} from '../call/call-core.ts';
import {restoreCall} from './restore-call.ts';
import {HAS_YIELDED} from '../barge-in/floor-events.ts';
import {type JournalEntry, readJournal} from '../events/journal-entry.ts';
import {NO_TURN} from '../testing/random-journal.ts';
import {responseTags, began, callEnding, usualAssistant} from '../testing/call.ts';

const words = 'We are open from nine to five on all days but Sunday, and until eight on Thursdays.';

/** A journal whose entries were written at these moments. */
function journal(...facts: readonly (readonly [wall: number, fact: Fact])[]): JournalEntry[] {
  return facts.map(([wall, fact]) => ({...fact, wall}));
}
const answer = [
  [0, {is: 'item', item: {kind: 'assistant', id: 'a', text: ''}}],
  [0, {is: 'said', id: 'a', from: 0, ms: 2_000}],
  [500, {is: 'said', id: 'a', from: 2_000, ms: 5_000}],
  [550, {is: 'words', id: 'a', text: words}],
  [600, {is: 'complete', id: 'a'}],
] as const satisfies (readonly [number, Fact])[];
const heardOf = (entries: readonly JournalEntry[]) => restoreCall(entries, 10_000).conversation.heardText('a');

describe('restoreCall, a worker that died between a clear and its confirmation', () => {
  const restored = restoreCall(journal(...answer, [2_500, {is: 'hushed'}]), 10_000);

  test('the next worker knows that the caller did not hear the rest of an interrupted reply', () => {
    const heard = restored.conversation.heardText('a');
    expect(words.startsWith(heard.slice(0, 20))).toBe(true);
    expect(heard.length / words.length).toBeCloseTo(0.5, 1);
  });

  test('the next worker does not expect audio that the clear dropped to be played', () => {
    expect(restored.said).toEqual([]);
    expect(restored.cutOffItem).toBeUndefined();
  });

  test('a reply that was heard to its end before the clear stays whole', () => {
    const entries = journal(...answer, [5_100, {is: 'hushed'}]);
    expect(heardOf(entries)).toBe(words);
    expect(restoreCall(entries, 10_000).unwritten).toEqual([]);
  });

  test('the next worker writes the interruption that the last one had no time to write, once', () => {
    expect(restored.interruptions).toBe(1);
    expect(restored.unwritten).toMatchObject([
      {is: 'cut', id: 'a', heardMs: 2_500, totalMs: 5_000},
      {
        is: 'interruption',
        interruption: {interruption: 0, at: 2_500, unheardMs: 2_500, truncatedAtMs: 2_500, tStopMs: null, false: false},
      },
    ]);
    const written = restored.unwritten.map(fact => [10_000, fact] as const);
    const later = restoreCall(journal(...answer, [2_500, {is: 'hushed'}], ...written), 20_000);
    expect(later).toMatchObject({interruptions: 1, unwritten: []});
    expect(later.conversation.heardText('a')).toBe(restored.conversation.heardText('a'));
  });

  test('the turn that was interrupted says so', () => {
    const turn = {...NO_TURN, turn: 7, cause: 'caller'} as const;
    const open = restoreCall(journal([0, {is: 'turn', turn, open: true}], ...answer, [2_500, {is: 'hushed'}]), 10_000);
    expect(open.openTurn).toMatchObject({interrupted: true, heard: new Map([['a', 2_500]])});
    expect(open.unwritten.at(-1)).toMatchObject({interruption: {turn: 7}});
  });
});

test('the confirmed position of an interruption replaces the estimate of the next worker', () => {
  const cut = {is: 'cut', id: 'a', heardMs: 1_000, totalMs: 5_000} as const;
  const settled = heardOf(journal(...answer, [2_500, {is: 'hushed'}], [2_600, cut]));
  expect(settled.length / words.length).toBeCloseTo(0.2, 1);
});

test('a reply that was resumed after a noise counts as heard to its end', () => {
  const noise = journal(...answer, [2_500, {is: 'hushed'}], [3_000, {is: 'said', id: 'a', from: 2_500, ms: 5_000}]);
  expect(heardOf(noise)).toBe(words);
  expect(restoreCall(noise, 10_000).said).toEqual([{itemId: 'a', itemFrom: 2_500, ms: 2_500, agoMs: 7_000}]);
});

describe('restoreCall, a worker that died while the assistant was hanging up', () => {
  const goodbye = [
    [0, {is: 'item', item: {kind: 'assistant', id: 'a', text: ''}}],
    [0, {is: 'said', id: 'a', from: 0, ms: 2_000}],
    [100, {is: 'item', item: {kind: 'toolCall', id: 't', callId: 'c', name: 'hang_up', arguments: '{}'}}],
    [200, {is: 'complete', id: 'a'}],
  ] as const satisfies (readonly [number, Fact])[];
  /** What the next worker does with the call until a moment of its clock. */
  const goOn = (entries: readonly JournalEntry[], until: number) => {
    const settings = {
      assistant: {...usualAssistant, greeting: '', floor: HAS_YIELDED},
      interruption: 'ours' as const,
      answersTurns: true,
      epoch: 2,
      worker: 'w2',
      callTime: (at: number) => at,
      streamGraceMs: 15_000,
      rotateAfterMs: 3e6,
    };
    const core = new CallCore(settings, 0, restoreCall(entries, 500));
    const effects = [
      ...core.on({type: 'model', event: {type: 'ready'}}, 0),
      ...core.on({type: 'edge', frame: began, epoch: 2}, 0),
    ];
    for (let at = core.deadline; at !== undefined && at <= until; at = core.deadline) {
      effects.push(...core.on({type: 'time'}, at));
    }
    return effects;
  };

  test('the next worker hangs up once the goodbye was heard', () => {
    expect(callEnding(goOn(journal(...goodbye), 1_000))).toBeUndefined();
    expect(callEnding(goOn(journal(...goodbye), 10_000))).toMatchObject({
      intent: 'hang-up',
      reason: 'assistant.hung-up',
    });
  });

  test('the next worker goes on talking if the caller had prevented the hang-up', () => {
    const kept = {is: 'item', item: {kind: 'toolResult', id: 'r', callId: 'c', output: 'the call goes on'}} as const;
    const effects = goOn(journal(...goodbye, [300, kept]), 2_500);
    expect(callEnding(effects)).toBeUndefined();
    expect(responseTags(effects)).toEqual(['recovery-1']);
  });
});

describe('a caller whose worker died before a sound of the answer came', () => {
  const wall = 0;
  const assistant: JournalEntry[] = [
    {is: 'item', item: {kind: 'assistant', id: 'i0', text: 'Hello.'}, wall},
    {is: 'said', id: 'i0', from: 0, ms: 500, wall},
    {is: 'complete', id: 'i0', wall},
  ];
  const answer: JournalEntry = {is: 'item', item: {kind: 'assistant', id: 'i1', text: 'We are open from'}, wall};

  test.each([
    {who: 'had said something', item: {kind: 'caller', id: 'u1', text: 'When are you open?'}},
    {who: 'had pressed keys', item: {kind: 'note', id: 'n1', text: 'The caller pressed 4 on the telephone keypad.'}},
  ] as const)('and who $who is answered by the next worker, which does not take words for heard', ({item}) => {
    const entries: JournalEntry[] = [...assistant, {is: 'item', item, wall}];
    for (const journal of [
      entries,
      [...entries, answer],
      [...entries, answer, {is: 'complete', id: 'i1', wall}] as const,
    ]) {
      const restored = restoreCall(journal, 100);
      expect(restored.answerOwed).toBe(true);
      expect(restored.conversation.history().map(({id}) => id)).toEqual(['i0', item.id]);
    }
  });

  test('is not answered twice once a sound of it came', () => {
    const item = {kind: 'caller', id: 'u1', text: 'When are you open?'} as const;
    const said: JournalEntry = {is: 'said', id: 'i1', from: 0, ms: 200, wall};
    const restored = restoreCall([...assistant, {is: 'item', item, wall}, answer, said], 100);
    expect(restored).toMatchObject({answerOwed: false, cutOffItem: 'i1'});
  });
});

/**
 * golden-call.jsonl is the journal of a whole call, as an earlier version wrote it: a greeting, an answer that the caller
 * interrupts, a tool, a key, a model session that is lost, and a worker that dies in mid-reply.
 */
describe('the journal of a call that an earlier version wrote', () => {
  const lines = readFileSync(new URL('golden-call.jsonl', import.meta.url), 'utf8')
    .trimEnd()
    .split('\n');
  const entries = readJournal(lines);
  const wall = entries.at(-1)?.wall ?? 0;
  const wordsOf = ({conversation}: ReturnType<typeof restoreCall>) =>
    conversation.history().flatMap(item => ('text' in item ? [item.text] : []));

  test('is read to its last line', () => {
    expect(entries).toHaveLength(151);
    expect(lines).toHaveLength(151);
  });

  test('tells the next worker what was said and what the caller heard of it', () => {
    const unheard = '(the caller said something that could not be written down)';
    expect(wordsOf(restoreCall(entries, wall + 400))).toEqual([
      'Hello, this is the town library. How can I help you?',
      unheard,
      'We are open from nine to — (interrupted)',
      unheard,
      'One moment, please.',
      'I am sorry, I could not look that up. The desk can tell you.',
      'The caller pressed 4 on the telephone keypad.',
      'You have pressed four, for renewals. Which book would you like to renew?',
      unheard,
    ]);
  });

  test('tells it how far the reply had come in which the last worker died', () => {
    const {said, openTurn, conversation: _, ...call} = restoreCall(entries, wall + 400);
    expect(call).toEqual({
      unwritten: [],
      disclosed: false,
      captured: false,
      pressed: '',
      openedWall: entries[0]?.wall,
      greeted: true,
      answerOwed: false,
      waitedMs: -3_466,
      cutOffItem: 'item_fYtRJko9jfQBSZABMmlvX',
      stream: {streamSid: 'MZ00000000000000000000000000000000', settledMs: 28_283},
      heldMs: 0,
      turns: 5,
      interruptions: 1,
      toolCalls: 1,
      tools: new Map(),
      failovers: 1,
      keys: [],
      recorded: false,
      switches: 0,
      aways: 0,
      away: undefined,
      owner: 'worker-a',
    });
    expect(openTurn).toMatchObject({
      turn: {turn: 5, callerStartedAt: 27_059.7, audioStartedAt: 29_314.4},
      said: new Map([['item_fYtRJko9jfQBSZABMmlvX', 4_697]]),
      heard: new Map(),
      interrupted: false,
      complete: false,
    });
    expect(said).toHaveLength(57);
    expect(said[0]).toEqual({itemId: 'item_3q2EXGU46VFf0MSIzyjGr', itemFrom: 0, ms: 105, agoMs: 19_835});
    expect(said.at(-1)).toEqual({itemId: 'item_fYtRJko9jfQBSZABMmlvX', itemFrom: 4_468, ms: 229, agoMs: 400});
  });

  test('tells it by the clock what was heard where the worker died right after the clear', () => {
    const cleared = entries.slice(0, entries.map(({is}) => is).lastIndexOf('hushed') + 1);
    const restored = restoreCall(cleared, (cleared.at(-1)?.wall ?? 0) + 300);
    expect(wordsOf(restored).at(-1)).toBe('We are open from nine to — (interrupted)');
    expect(restored.said).toEqual([]);
    expect(restored.openTurn).toMatchObject({heard: new Map([['item_8kApNzSaJUdYt87M74O0a', 1_932]]), complete: true});
  });
});

test('the next worker knows what was heard of a reply whose words still arrived when its worker died', () => {
  const words = 'Your table for four is booked for half past seven tonight.';
  const entries = journal(
    [0, {is: 'item', item: {kind: 'assistant', id: 'a', text: ''}}],
    [0, {is: 'said', id: 'a', from: 0, ms: 2_000}],
    [400, {is: 'words', id: 'a', text: words.slice(0, 46)}],
  );
  const {cutOffItem, conversation} = restoreCall(entries, 2_500);
  expect(cutOffItem).toBe('a');
  expect(conversation.heardText('a')).toBe('Your table for four is booked');
});
