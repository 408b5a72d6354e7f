import type {CallFinished, FailoverRecord} from '@voicebridge/shared/cdr/call-record.ts';
import {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {expect, test} from 'vitest';
import {callEndedFacts} from './call-ended-line.ts';
import type {JournalEntry} from '../events/journal-entry.ts';
import {buildCdr} from './build-cdr.ts';

const party = {hash: 'abc', lastTwo: '06', number: '+15005550006'};
const opened: JournalEntry = {
  is: 'opened',
  wall: 1_000,
  callSid: CallSid.parse(`CA${'1'.repeat(32)}`),
  direction: 'inbound',
  caller: party,
  callee: party,
  assistant: 'default',
  model: 'gpt-realtime-2.1',
  voice: 'alloy',
  admissionMs: 12,
  traceparent: null,
};
const [nothing] = buildCdr([opened, {is: 'ended', wall: 61_000, reason: 'caller.hung-up'}], 'off') ?? [];

/** The facts of a call with these figures of its turns, interruptions and failovers. */
function factsOf({
  gaps = [],
  reactions = [],
  failovers = [],
}: {
  gaps?: (number | null)[];
  reactions?: number[];
  failovers?: Pick<FailoverRecord, 'kind' | 'gapMs'>[];
}) {
  const part = {
    ...nothing,
    turns: gaps.map(platformTurnGapMs => ({platformTurnGapMs})),
    interruptions: reactions.map(reactionMs => ({reactionMs})),
    failovers,
  } as unknown as CallFinished;
  return callEndedFacts([part]);
}

test('an operator reads in one line how a call went', () => {
  const gaps = [null, ...Array.from({length: 20}, (_, index) => 1_000 + index * 10)];
  const failovers = [
    {kind: 'worker-lost', gapMs: 410},
    {kind: 'edge-lost', gapMs: 360},
    {kind: 'model-rotated', gapMs: null},
    {kind: 'worker-drained', gapMs: 0},
  ] as const;
  expect(factsOf({gaps, reactions: [3, 1, 2], failovers: [...failovers]})).toMatchObject({
    reason: 'caller.hung-up',
    endedBy: 'caller',
    durationMs: 60_000,
    replyP50Ms: 1_090,
    replyP95Ms: 1_180,
    reactionMs: 2,
    ownerChanges: 2,
    streamResumes: 1,
    modelReconnects: 1,
    longestGapMs: 410,
    tokensIn: 0,
    costUsd: 0,
  });
});

test('a figure that nobody measured is left out, rather than zero', () => {
  const facts = factsOf({});
  for (const name of ['replyP50Ms', 'replyP95Ms', 'reactionMs', 'firstAudioMs', 'longestGapMs', 'edge'])
    expect(facts).not.toHaveProperty(name);
});

test('the length of a call whose clock was set back is left out', () => {
  const back = buildCdr([opened, {is: 'ended', wall: 500, reason: 'caller.hung-up'}], 'off') ?? [];
  expect(callEndedFacts(back)).not.toHaveProperty('durationMs');
});

test('nothing in the line tells who called', () => {
  expect(JSON.stringify(factsOf({gaps: [1]}))).not.toMatch(/5005550006|abc|"06"/);
});
