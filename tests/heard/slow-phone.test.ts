import fc from 'fast-check';
import {expect, test} from 'vitest';
import type {PlaybackKnobs} from '../../simulators/twilio/src/phone/play-head.ts';
import {CoreCall} from '../../tools/harness/virtual/core/core-call.ts';
import {playbackEvidence} from '../../tools/harness/evidence/playback-evidence.ts';

const speech = (ms: number) => ({say: {text: 'some words that are said '.repeat(4), audioMs: ms}});
const network = fc.constantFrom({delay: 0, jitter: 0}, {delay: 20, jitter: 5}, {delay: 80, jitter: 20});
/** When the caller interrupts, after the assistant began to speak. */
const listens = fc.array(fc.integer({min: 300, max: 9_000}), {minLength: 3, maxLength: 3});

/** Three callers' interruptions of answers of 20 s, on a phone of this kind. Returns how wrong the model is about each. */
function errors(
  seed: number,
  network: {delay: number; jitter: number},
  playback: PlaybackKnobs,
  listens: readonly number[],
): number[] {
  const call = new CoreCall({seed, network, playback, script: () => [speech(20_000)]});
  for (const ms of listens) {
    call.until(() => call.audible);
    call.wait(ms);
    expect(call.audible).toBe(true);
    call.talk(900);
    call.wait(700);
    expect(call.audible).toBe(false);
    call.wait(1_800);
  }
  const interrupted = playbackEvidence(call.session.items, call.queue.played()).slice(0, listens.length);
  expect(interrupted.map(({wasCut}) => wasCut)).toEqual(listens.map(() => true));
  return interrupted.map(({heardMs, rememberedMs}) => rememberedMs - heardMs);
}

/** A mark may be late by 400 ms before anything is known of the phone, and marks are 300 ms apart. */
const MOST_WRONG_MS = 550;

test('whoever interrupts a phone that stands still now and then is remembered as having heard what it played', () => {
  const stalls = fc.array(
    fc.record({after: fc.integer({min: 400, max: 6_000}), ms: fc.integer({min: 100, max: 6_000})}),
    {minLength: 1, maxLength: 12},
  );
  const all: number[] = [];
  fc.assert(
    fc.property(fc.nat(), network, stalls, listens, (seed, network, stalls, listens) => {
      let afterMs = 0;
      const playback = {stalls: stalls.map(({after, ms}) => ({afterMs: (afterMs += after), ms}))};
      const wrong = errors(seed, network, playback, listens).map(Math.abs);
      all.push(...wrong);
      expect(Math.max(...wrong)).toBeLessThanOrEqual(MOST_WRONG_MS);
    }),
    {numRuns: 25},
  );
  expect(all.toSorted((a, b) => a - b)[Math.floor(all.length * 0.9)]).toBeLessThanOrEqual(300);
}, 120_000);

test('whoever interrupts a phone that plays too slowly is remembered as having heard what it played', () => {
  fc.assert(
    fc.property(fc.nat(), network, fc.integer({min: 70, max: 100}), listens, (seed, network, percent, listens) => {
      const wrong = errors(seed, network, {speed: percent / 100}, listens).map(Math.abs);
      expect(Math.max(...wrong)).toBeLessThanOrEqual(MOST_WRONG_MS);
    }),
    {numRuns: 15},
  );
}, 120_000);
