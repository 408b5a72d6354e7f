import {expect, test} from 'vitest';
import {LOCAL, signedIn} from '../auth/viewer.ts';
import {CallDetail} from '../queries/call-shapes.ts';
import {FIRST, finishedCall, sidOf} from '../testing/finished-call.ts';
import {callSoFar} from './call-so-far.ts';

const VIEWER = signedIn('s', 't');
const tool = {call: 0, turn: 1, name: 'look_up', at: 2_000, durationMs: 90, ok: true, arguments: '{"of":"Ada"}'};
const soFar = finishedCall({
  startedAt: FIRST,
  summary: {
    caller: {hash: 'abc123', lastTwo: '42', number: '+14155550142'},
    notes: {name: 'Ada'},
    outcome: {booked: true},
    endReason: 'platform.worker-lost',
    endedBy: 'platform',
  },
  rest: {toolCalls: [tool], transcript: [{line: 0, turn: 1, role: 'caller', at: 5_000, text: 'Hello', cut: false}]},
});

test('a call in progress is shown as a finished one is, without an end', () => {
  const detail = callSoFar([soFar], VIEWER, FIRST + 12_000);
  expect(CallDetail.safeParse(detail).error).toBeUndefined();
  expect(detail).toMatchObject({
    call: {callSid: sidOf(1), durationMs: 12_000, endReason: 'in progress', outcome: {booked: true}},
    callerNumber: '+14155550142',
    notes: {name: 'Ada'},
    turns: [{turn: 0}, {turn: 1, platformTurnGapMs: 801}],
    toolCalls: [{name: 'look_up', arguments: '{"of":"Ada"}'}],
    transcript: [{text: 'Hello', atMs: 5_000}],
    transcriptState: 'shown',
  });
});

test('what is said in a call in progress is for a viewer who signed in', () => {
  const detail = callSoFar([soFar], LOCAL, FIRST + 12_000);
  expect(detail).toMatchObject({transcript: [], notes: {}, callerNumber: null, transcriptState: 'no-password'});
  expect(JSON.stringify(detail)).not.toMatch(/Hello|Ada|14155550142/);
});
