import {expect, test} from 'vitest';
import type {CallEffect} from '../events/call-effect.ts';
import type {Interruption} from '../barge-in/floor-events.ts';
import {InterruptionLog} from './interruption-log.ts';

const interruption: Interruption = {
  cuts: [{itemId: 'i1', audioEndMs: 400, receivedMs: 3_000}],
  heard: 400,
  proven: 300,
  sent: 3_000,
  by: 'landing',
  at: 5_100,
  unheardMs: 2_600,
  roundTrip: 80,
};
const record = (effects: readonly CallEffect[]) =>
  effects.flatMap(effect => (effect.do === 'journal' && effect.fact.is === 'interruption' ? effect.fact : []))[0]
    ?.interruption;

const NO_LEVELS = new Float64Array(0);

/** The caller is heard from 5,000 on, as long as `loudUntil`; the model says so at 5,090, the clear leaves at 5,100. */
function spokenOver(loudUntil: number | undefined, audibleSince: number | undefined) {
  const interruptions = new InterruptionLog(
    {callTime: at => at - 1_000, given: {loudUntil: () => loudUntil, isSpeech: true, latestLevels: NO_LEVELS}},
    3,
  );
  interruptions.callerSpoke(5_000, 5_090);
  return record(interruptions.record(interruption, false, {turn: 7, audibleSince}));
}

test('an interruption’s record has the moment of the model’s report and t_stop including the round trip', () => {
  expect(spokenOver(9_000, 2_000)).toEqual({
    interruption: 3,
    turn: 7,
    at: 4_090,
    reactionMs: null,
    tStopMs: 180,
    talkOverMs: 180,
    unheardMs: 2_600,
    truncatedAtMs: 400,
    uncertaintyMs: 175,
    refused: false,
    false: false,
  });
});

test('talk-over of a cough ends with the cough, before the assistant is silent', () => {
  expect(spokenOver(5_080, 2_000)).toMatchObject({tStopMs: 180, talkOverMs: 100});
});

test('talk-over begins with the assistant if it began after the caller', () => {
  expect(spokenOver(9_000, 5_060)).toMatchObject({tStopMs: 180, talkOverMs: 40});
});

test('without a known onset t_stop and talk-over are null', () => {
  const interruptions = new InterruptionLog(
    {callTime: at => at, given: {loudUntil: () => undefined, isSpeech: false, latestLevels: NO_LEVELS}},
    0,
  );
  const {tStopMs, talkOverMs} = record(interruptions.record(interruption, true, {turn: 0, audibleSince: undefined}))!;
  expect([tStopMs, talkOverMs]).toEqual([null, null]);
});
