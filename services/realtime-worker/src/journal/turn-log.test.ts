import type {TurnRecord} from '@voicebridge/shared/cdr/call-record.ts';
import {expect, test} from 'vitest';
import type {CallEffect} from '../events/call-effect.ts';
import {restoreCall} from './restore-call.ts';
import type {JournalEntry} from '../events/journal-entry.ts';
import {TurnLog} from './turn-log.ts';

const labels = {model: 'm', worker: 'w'};
const facts = (effects: readonly CallEffect[]) =>
  effects.flatMap(effect => (effect.do === 'journal' ? effect.fact : []));

/** A caller's turn of which 700 of 1,000 ms are said at once. */
function answered(log: TurnLog): CallEffect[] {
  log.callerSpoke(3_000);
  log.callerStopped(4_000, 4_520);
  const effects = log.started('r1', 'caller', 4_530);
  log.delta('r1', 'i1', 700, 4_900);
  effects.push(...log.audioSent('r1', 4_901, 0.5));
  return effects;
}

test('a turn’s record divides the time between caller and answer into end-of-turn delay, model and hops', () => {
  const log = new TurnLog(at => at - 1_000, labels);
  answered(log);
  log.ended('r1', 'completed');
  expect(log.playoutEnded(6_000)).toMatchObject({
    turn: 0,
    cause: 'caller',
    callerStartedAt: 2_000,
    callerEndedAt: 3_000,
    decidedAt: 3_520,
    firstDeltaAt: 3_900,
    audioStartedAt: 3_901,
    audioEndedAt: 5_000,
    platformTurnGapMs: 902,
    toolMs: 0,
    endOfTurnDelayMs: 520,
    modelTtfbMs: 380,
    generatedMs: 700,
    heardMs: 700,
    interrupted: false,
    responseStatus: 'completed',
  });
  expect(log.playoutEnded(6_001)).toBeUndefined();
});

test('a turn whose worker dies is recorded once, finished by the next worker', () => {
  const first = new TurnLog(at => at - 1_000, labels);
  const said = {is: 'said', id: 'i1', from: 0, ms: 700} as const;
  const written = [...facts(answered(first)), said];
  expect(written.map(fact => fact.is === 'turn' && [fact.open, fact.turn.turn, fact.turn.heardMs])).toEqual([
    [true, 0, null],
    [true, 0, null],
    false,
  ]);

  const restored = restoreCall(
    written.map((fact): JournalEntry => ({...fact, wall: 10_000})),
    10_300,
  );
  expect(restored.turns).toBe(0);
  const second = new TurnLog(at => at, {model: 'm', worker: 'another'}, restored);
  expect(second.turn).toBe(0);
  const [over, next] = facts(second.started('r2', 'recovery', 6_000)).map(fact => fact.is === 'turn' && fact.turn);
  expect(over).toMatchObject({
    turn: 0,
    worker: 'w',
    platformTurnGapMs: 902,
    audioEndedAt: 6_000,
    generatedMs: 700,
    heardMs: 700,
    responseStatus: 'failed',
  } satisfies Partial<TurnRecord>);
  expect(next).toMatchObject({turn: 1, worker: 'another', cause: 'recovery'});
});

test('audio that a dead worker had sent and not written down counts as heard', () => {
  const written = [...facts(answered(new TurnLog(at => at, labels))), {is: 'said', id: 'i1', from: 0, ms: 210}];
  const second = new TurnLog(
    at => at,
    labels,
    restoreCall(
      written.map(fact => ({...fact, wall: 0}) as JournalEntry),
      0,
    ),
  );
  second.saidBefore('i1', 700);
  second.saidBefore('another turn’s', 900);
  expect(second.playoutEnded(5_400)).toMatchObject({generatedMs: 700, heardMs: 700, responseStatus: 'failed'});
});

test('a reply that the caller’s hang-up cut off counts as heard up to that point', () => {
  const log = new TurnLog(at => at, labels);
  answered(log);
  const effects = log.truncated([{itemId: 'i1', audioEndMs: 260, receivedMs: 700}]);
  expect(facts(effects)).toEqual([{is: 'cut', id: 'i1', heardMs: 260, totalMs: 700}]);
  expect(log.close(5_200)).toMatchObject({generatedMs: 700, heardMs: 260, interrupted: false, responseStatus: null});
});

test('audio of an inherited turn that the next worker truncates does not count as heard', () => {
  const first = new TurnLog(at => at, labels);
  const written = [...facts(answered(first)), {is: 'said', id: 'i1', from: 0, ms: 700}, {is: 'complete', id: 'i1'}];
  const second = new TurnLog(
    at => at,
    labels,
    restoreCall(
      written.map(fact => ({...fact, wall: 0}) as JournalEntry),
      0,
    ),
  );
  const cuts = [{itemId: 'i1', audioEndMs: 420, receivedMs: 700}];
  const rest = {heard: 0, proven: 0, sent: 0, by: 'clock', unheardMs: 280, roundTrip: undefined} as const;
  second.interrupted({...rest, cuts, at: 5_300});
  expect(second.playoutEnded(5_400)).toMatchObject({heardMs: 420, interrupted: true, responseStatus: 'completed'});
});

/** A caller's turn to which the model answers with a call of a tool at 4,700 ms; it is quiet until then. */
function askingTools(log: TurnLog) {
  log.callerSpoke(3_000);
  log.callerStopped(4_000, 4_520);
  log.started('r1', 'caller', 4_530);
  log.toolsRun(true, 4_700);
  log.ended('r1', 'completed');
  return log.playoutEnded(4_750);
}
/** The model speaks. */
function speaks(log: TurnLog, responseId: string, [from, first]: readonly [number, number]) {
  log.started(responseId, 'tool', from);
  log.delta(responseId, `i-${responseId}`, 200, first);
  log.audioSent(responseId, first, 0.5);
  log.ended(responseId, 'completed');
  return log.playoutEnded(first + 200);
}

test('what a worker read late after a pause is in no figure, and what it did late is', () => {
  const turnAfter = (from: number, at: number) => {
    const log = new TurnLog(moment => moment - 1_000, labels);
    log.paused(from, at);
    answered(log);
    log.ended('r1', 'completed');
    return log.playoutEnded(6_000);
  };
  expect(turnAfter(2_000, 3_900)).toMatchObject({endOfTurnDelayMs: 520, modelTtfbMs: 380, platformTurnGapMs: 902});
  expect(turnAfter(3_000, 4_500)).toMatchObject({endOfTurnDelayMs: null, modelTtfbMs: null, platformTurnGapMs: 902});
  expect(turnAfter(4_600, 4_880)).toMatchObject({endOfTurnDelayMs: 520, modelTtfbMs: null, platformTurnGapMs: 902});
  expect(turnAfter(4_900, 5_200)).toMatchObject({endOfTurnDelayMs: 520, modelTtfbMs: 380, platformTurnGapMs: 902});
});

test('a caller who waits for tools waits for them and for us, and the record tells the two apart', () => {
  const log = new TurnLog(at => at - 1_000, labels);
  expect(askingTools(log)).toMatchObject({
    cause: 'caller',
    endOfTurnDelayMs: 520,
    platformTurnGapMs: null,
    toolMs: null,
  });
  log.toolsRun(true, 5_000); // a second one at the same time
  log.toolsRun(false, 7_700);
  // 5,000 ms in all: 520 until it was decided that the turn is over, 3,000 with tools, 1,480 with the model
  const reply = speaks(log, 'r2', [7_710, 9_000]);
  expect(reply).toMatchObject({cause: 'tool', callerEndedAt: null, endOfTurnDelayMs: null});
  expect(reply).toMatchObject({toolMs: 3_000, platformTurnGapMs: 2_001, modelTtfbMs: 1_480});
});

test('a caller who is told to wait waits until then; the rest of the time is no wait in silence', () => {
  const log = new TurnLog(at => at - 1_000, labels);
  askingTools(log);
  expect(speaks(log, 'w1', [5_300, 5_700])).toMatchObject({toolMs: 1_000, platformTurnGapMs: 701});
  log.toolsRun(false, 9_000);
  expect(speaks(log, 'r2', [9_010, 9_400])).toMatchObject({toolMs: null, platformTurnGapMs: null, modelTtfbMs: null});
});

test('a caller who goes on while tools run waits for the answer to that', () => {
  const log = new TurnLog(at => at - 1_000, labels);
  askingTools(log);
  log.callerSpoke(6_000);
  log.callerStopped(7_000, 7_500);
  log.started('r2', 'caller', 7_510);
  log.toolsRun(false, 7_900);
  log.delta('r2', 'i2', 200, 8_000);
  log.audioSent('r2', 8_000, 0.5);
  expect(log.close(9_000)).toMatchObject({platformTurnGapMs: 611, toolMs: 390});
  expect(speaks(log, 'r3', [9_100, 9_400])).toMatchObject({platformTurnGapMs: null, toolMs: null});
});
