import {CallFinished, InterruptionRecord, Tokens, TurnRecord} from '@voicebridge/shared/cdr/call-record.ts';
import {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {expect, test} from 'vitest';
import {buildCdr} from './build-cdr.ts';
import type {Fact} from '../events/call-effect.ts';
import type {JournalEntry} from '../events/journal-entry.ts';

const START = 1_800_000_000_000;
const noParty = {hash: null, lastTwo: null, number: null};
const opened: Fact = {
  is: 'opened',
  callSid: CallSid.parse(`CA${'1'.repeat(32)}`),
  direction: 'inbound',
  caller: {hash: 'abc', lastTwo: '01', number: null},
  callee: noParty,
  assistant: 'default',
  model: 'gpt-realtime-2.1',
  voice: 'alloy',
  admissionMs: 12,
  traceparent: null,
};

/** A journal in which each fact comes a second after the one before. */
function journal(...facts: readonly Fact[]): JournalEntry[] {
  return facts.map((fact, index) => ({...fact, wall: START + index * 1_000}));
}

function turn(number: number, more: Partial<TurnRecord> = {}): Fact {
  const nothing = {callerStartedAt: null, callerEndedAt: null, decidedAt: null, firstDeltaAt: null};
  const silent = {audioStartedAt: null, audioEndedAt: null, platformTurnGapMs: null, endOfTurnDelayMs: null};
  const figures = {modelTtfbMs: null, hopUpMs: null, hopDownMs: null, generatedMs: null, heardMs: null};
  const rest = {cause: 'caller' as const, interrupted: false, responseStatus: null, model: 'm', worker: 'w'};
  const record = TurnRecord.parse({turn: number, ...nothing, ...silent, ...figures, ...rest, ...more});
  return {is: 'turn', turn: record};
}

function interruption(more: {false?: boolean; unheardMs?: number; turn?: number} = {}): Fact {
  const figures = {
    reactionMs: 1,
    tStopMs: 100,
    talkOverMs: 100,
    unheardMs: 500,
    truncatedAtMs: 1_277,
    uncertaintyMs: 10,
  };
  const rest = {refused: false, false: false, ...more};
  return {
    is: 'interruption',
    interruption: InterruptionRecord.parse({interruption: 0, turn: 0, at: 5, ...figures, ...rest}),
  };
}

const ended: Fact = {is: 'ended', reason: 'caller.hung-up'};
const owner = (worker: string, epoch: number): Fact => ({is: 'owner', worker, epoch, cause: 'new'});
const only = (entries: JournalEntry[], policy: 'off' | 'heard' | 'full' = 'off') => buildCdr(entries, policy)![0]!;

test('a record has the owner, the length and the end reason of the call, and matches its schema', () => {
  const record = only(journal(opened, owner('worker-aaaa', 1), turn(0), owner('worker-bbbb', 2), ended));
  expect(CallFinished.parse(record)).toEqual(record);
  expect(record.summary).toMatchObject({
    startedAt: START,
    endedAt: START + 4_000,
    worker: 'worker-bbbb',
    epoch: 2,
    endReason: 'caller.hung-up',
    endedBy: 'caller',
    admissionMs: 12,
    caller: {hash: 'abc', lastTwo: '01'},
  });
});

test('a call whose owners’ clocks differ does not end before it starts', () => {
  const [first, last] = journal(opened, ended);
  const {summary} = only([first!, {...last!, wall: START - 60_000}]);
  expect(summary).toMatchObject({startedAt: START, endedAt: START});
});

test('an owner that had the call too briefly to write anything is still a failover', () => {
  const lost = (from: string, to: string) => ({kind: 'worker-lost', from, to}) as const;
  const failover = {failover: 9, at: 1_900, gapMs: 300, ...lost('b', 'c')};
  const {failovers} = only(
    journal(opened, owner('a', 1), owner('b', 2), owner('c', 3), {is: 'failover', failover}, owner('d', 4), ended),
  );
  expect(failovers).toEqual([
    {failover: 0, at: 2_000, gapMs: null, ...lost('a', 'b')},
    {...failover, failover: 1},
    {failover: 2, at: 5_000, gapMs: null, ...lost('c', 'd')},
  ]);
});

test('a journal without an end becomes a record with reason platform.worker-lost', () => {
  expect(only(journal(opened, turn(0))).summary).toMatchObject({
    endReason: 'platform.worker-lost',
    endedBy: 'platform',
  });
});

test('a journal without its first entry makes no record', () => {
  expect(buildCdr(journal(turn(0), ended), 'off')).toBeUndefined();
  expect(buildCdr([], 'off')).toBeUndefined();
});

test('a turn that two owners wrote counts once, as the later one wrote it', () => {
  const record = only(journal(opened, turn(0), turn(1, {heardMs: 1}), turn(1, {heardMs: 2}), ended));
  expect(record.turns.map(each => each.heardMs)).toEqual([null, 2]);
  expect(record.summary.turns).toBe(2);
});

test('a false interruption does not count as a barge-in, nor does its unheard audio', () => {
  const {summary} = only(journal(opened, interruption(), interruption({false: true, unheardMs: 9_000}), ended));
  expect(summary).toMatchObject({bargeIns: 1, falseInterruptions: 1, unheardMs: 500, talkOverMs: 100});
});

test('a truncation that the model refused is recorded with its interruption', () => {
  const record = only(journal(opened, interruption(), {is: 'cutRefused', id: 'i1'}, interruption(), ended));
  expect(record.interruptions.map(({refused}) => refused)).toEqual([true, false]);
});

test('tokens and frames of all owners are added up, and the tokens are priced', () => {
  const tokens = Tokens.parse({inputText: 100, inputAudio: 1_000, inputCached: 0, outputText: 10, outputAudio: 2_000});
  const frames = {up: 10, down: 5, lostUp: 1, lostDown: 0, duplicates: 2, paddedMs: 20, malformed: 0};
  const {summary} = only(
    journal(
      opened,
      {is: 'tokens', tokens},
      {is: 'tokens', tokens},
      {is: 'frames', ...frames},
      {is: 'frames', ...frames},
      ended,
    ),
  );
  expect(summary.tokens).toEqual({
    inputText: 200,
    inputAudio: 2_000,
    inputCached: 0,
    inputCachedText: 0,
    inputCachedAudio: 0,
    outputText: 20,
    outputAudio: 4_000,
  });
  expect(summary.frames).toEqual({up: 20, down: 10, lostUp: 2, lostDown: 0, duplicates: 4, paddedMs: 40, malformed: 0});
  expect(summary.costUsd).toBeCloseTo((200 * 4 + 2_000 * 32 + 20 * 24 + 4_000 * 64) / 1_000_000, 9);
});

test('an interrupted sentence is kept as far as it was heard, unless TRANSCRIPTS is full', () => {
  const entries = journal(
    opened,
    {is: 'item', item: {kind: 'assistant', id: 'a1', text: ''}},
    {is: 'words', id: 'a1', text: 'one two three four'},
    {is: 'cut', id: 'a1', heardMs: 500, totalMs: 1_000},
    {is: 'item', item: {kind: 'caller', id: 'u1', text: ''}},
    {is: 'words', id: 'u1', text: 'wait'},
    ended,
  );
  const lines = (policy: 'off' | 'heard' | 'full') =>
    only(entries, policy).transcript.map(({role, text, cut}) => [role, text, cut]);
  expect(lines('off')).toEqual([]);
  expect(lines('heard')).toEqual([
    ['assistant', 'one two', true],
    ['caller', 'wait', false],
  ]);
  expect(lines('full')[0]).toEqual(['assistant', 'one two three four', true]);
});

test('a long call is sent in parts, each with the whole summary', () => {
  const turns = Array.from({length: 120}, (_, number) => turn(number));
  const parts = buildCdr(journal(opened, ...turns, interruption({turn: 60}), ended), 'off')!;
  expect(parts.map(part => [part.part, part.parts, part.turns.length, part.interruptions.length])).toEqual([
    [0, 3, 50, 0],
    [1, 3, 50, 1],
    [2, 3, 20, 0],
  ]);
  expect(new Set(parts.map(part => part.summary.turns))).toEqual(new Set([120]));
  for (const part of parts) expect(() => CallFinished.parse(part)).not.toThrow();
});

test('a record has the last value of what was noted, whoever had the call, and never more notes than it takes', () => {
  const many = Object.fromEntries(Array.from({length: 25}, (_, at) => [`field_${at}`, at]));
  const more = Object.fromEntries(Array.from({length: 25}, (_, at) => [`other_${at}`, 'x']));
  const owner: Fact = {is: 'owner', worker: 'worker-2', epoch: 2, cause: 'worker-lost'};
  const entries = journal(opened, {is: 'notes', notes: {guests: 2, ...many}}, owner, {is: 'notes', notes: {guests: 4}});
  expect(buildCdr(entries, 'off')?.[0]?.summary.notes).toMatchObject({guests: 4, field_24: 24});
  const full = buildCdr([...entries, ...journal({is: 'notes', notes: more})], 'off');
  expect(Object.keys(full?.[0]?.summary.notes ?? {})).toHaveLength(40);
  expect(CallFinished.safeParse(full?.[0]).error).toBeUndefined();
  expect(buildCdr(journal(opened), 'off')?.[0]?.summary.notes).toEqual({});
});

test('digits that the caller entered for a tool are in no part of the record, also where they are said aloud', () => {
  const say = (id: string, text: string): Fact => ({is: 'item', item: {kind: 'assistant', id, text}});
  const keys: Fact = {is: 'keys', callId: 'c1', as: 'card', keys: '4711081', isWhole: true};
  // Said aloud, and used by the model, before the caller entered it.
  const tool: Fact = {
    is: 'tool',
    callId: 'c0',
    tool: {
      call: 0,
      turn: 0,
      name: 'find',
      at: 1,
      durationMs: 1,
      waitMs: null,
      ok: true,
      outcome: 'ok',
      toldToWait: false,
      arguments: '{"card":"4711081"}',
      result: 'no card 4711081',
    },
  };
  const notes: Fact = {is: 'notes', notes: {card: '4711081', guests: 2}};
  const record = only(
    journal(opened, tool, keys, notes, say('a', 'You said 4711081.'), say('b', 'That is 47 11 0 8-1.'), ended),
    'full',
  );
  expect(record.transcript.map(({text}) => text)).toEqual(['You said •••.', 'That is •••.']);
  expect(record.toolCalls).toMatchObject([{arguments: '{"card":"•••"}', result: 'no card •••'}]);
  expect(record.summary.notes).toEqual({card: '•••', guests: 2});
  expect(JSON.stringify(record)).not.toMatch(/4711081|47 11/);
});

test('a call that was given to another assistant has all of them in its record, each with its version', () => {
  const given: Fact = {is: 'assistant', assistant: 'billing', version: 'v2', variables: {}};
  expect(only(journal({...opened, version: 'v1'}, given, ended)).summary.assistants).toEqual([
    {name: 'default', version: 'v1', at: 0},
    {name: 'billing', version: 'v2', at: 1_000},
  ]);
  expect(only(journal(opened, ended)).summary.assistants).toEqual([]);
});

test('a call of the phone in the browser is marked in its record, and no other is', () => {
  expect(buildCdr(journal({...opened, via: 'browser'}), 'off')?.[0]?.summary.via).toBe('browser');
  expect(buildCdr(journal(opened), 'off')?.[0]?.summary).not.toHaveProperty('via');
});
