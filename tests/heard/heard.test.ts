import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {silence} from '@voicebridge/shared/protocol/audio.ts';
import {PlaybackLedger} from '../../services/realtime-worker/src/playback/playback-ledger.ts';
import type {Reply} from '../../simulators/openai/src/answering/model-script.ts';
import {readTagRuns} from '../../simulators/openai/src/audio/tagged-audio.ts';
import type {MarkKnobs} from '../../simulators/twilio/src/media/mark-returns.ts';
import {CoreCall} from '../../tools/harness/virtual/core/core-call.ts';
import {playbackEvidence} from '../../tools/harness/evidence/playback-evidence.ts';

/** A counterexample names its seed and path: run it again with `fc.assert(…, {seed, path})`. */
const runs = (numRuns: number) => ({numRuns});

const network = fc.record({delay: fc.integer({min: 0, max: 120}), jitter: fc.integer({min: 0, max: 60})});
const speech = (ms: number) => ({say: {text: 'some words that are said '.repeat(4), audioMs: ms}});
const reply = fc.array(fc.integer({min: 60, max: 5_000}), {minLength: 1, maxLength: 3});
const turn = fc.record({
  reply,
  /** How long the caller listens before speaking, and for how long they speak. */
  listens: fc.integer({min: 0, max: 6_000}),
  speaks: fc.integer({min: 70, max: 1_500}),
  /** Some callers press a key just before they speak: the reply to the key races with their words. */
  keyBefore: fc.option(fc.integer({min: 0, max: 200}), {nil: undefined}),
});
const misbehaviour = fc.record({
  stragglers: fc.constantFrom([0, 0] as const, [3, 5] as const),
  lateCancelledDone: fc.boolean(),
  duplicateDone: fc.boolean(),
  strange: fc.boolean(),
  speed: fc.constantFrom([0.8, 1.2] as const, [3, 8] as const),
  heldShortMs: fc.constantFrom(0, 0, 85),
});

/** How Twilio returns marks; mostly as documented. */
const marks = fc.constantFrom<MarkKnobs>(
  {},
  {},
  {lost: 0.3},
  {lost: 1},
  {late: {from: 0, to: 300}},
  {late: {mean: 60}},
  {bunchedMs: 250},
  {oneOf: 3},
  {flushedAfterMs: 0},
  {flushedAfterMs: 400},
);

const RACES = new Set(['response_cancel_not_active', 'conversation_already_has_active_response']);

/** An item of which no more than this is unheard is not cut (`playback/truncation.ts`). */
const IGNORED_REST_MS = 100;
/** A frame of Twilio's clock, a mark that is taken to be in time though it is a little early, and whole milliseconds. */
const GRAIN_MS = 20 + 25 + 2;
/** Of marks that are late at random, one in a million is later than so many times the average. */
const HARDLY_EVER = 14;

/**
 * How far the model's memory may be from what was heard, by how much was heard: from where the audio began to play until the
 * clear landed. Both are known by when we sent them, and by a correction for the ways that both took.
 *
 * - The two ways differ by two jitters at most.
 * - The correction is the difference of two estimated round trips. Neither is longer than the slowest that a mark can show:
 *   both ways and how late the mark is. Where marks are in time, measured round trips differ by four jitters at most, and
 *   what the estimate takes off because they are spread is at most ten.
 *
 * Nothing is added up over a call: each playout has a beginning of its own. 1,500 calls stayed 75 ms below it.
 */
function toleranceOf(
  {delay, jitter}: {delay: number; jitter: number},
  {late, bunchedMs = 0, ...other}: MarkKnobs,
): number {
  const lateMs = late === undefined ? 0 : 'mean' in late ? late.mean * HARDLY_EVER : late.to;
  const slowest = 2 * (delay + jitter) + lateMs + bunchedMs;
  const areInTime = lateMs + bunchedMs === 0 && other.flushedAfterMs === undefined;
  const correction = areInTime ? Math.min(slowest, 14 * jitter) : slowest;
  return IGNORED_REST_MS + GRAIN_MS + 2 * jitter + correction;
}

function play(
  seed: number,
  turns: readonly {reply: number[]; listens: number; speaks: number; keyBefore?: number | undefined}[],
  how: {
    network: {delay: number; jitter: number};
    marks?: MarkKnobs;
    misbehaviour: Record<string, unknown>;
    mode: 'immediate' | 'resume';
  },
): CoreCall & {readonly talks: readonly {from: number; to: number}[]} {
  let next: Reply = [speech(800)];
  const call = new CoreCall({
    seed,
    network: how.network,
    modelNetwork: {delay: 20, jitter: 10},
    knobs: how.misbehaviour,
    floor: {mode: how.mode},
    marks: how.marks ?? {},
    script: () => next,
  });
  const talks: {from: number; to: number}[] = [];
  const talk = (ms: number) => {
    talks.push({from: call.clock.now(), to: call.clock.now() + ms});
    call.talk(ms);
  };
  call.wait(1_500);
  for (const {reply: lengths, listens, speaks, keyBefore} of turns) {
    next = lengths.map(speech);
    talk(600);
    call.wait(1_400);
    call.wait(listens);
    if (keyBefore !== undefined) {
      call.press('#');
      call.wait(keyBefore);
    }
    talk(speaks);
    call.wait(speaks + 900);
  }
  call.wait(20_000);
  return Object.assign(call, {talks});
}

describe('whatever the network, the model and the caller do', () => {
  test('no truncation is ever refused, and the model remembers what was heard', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.array(turn, {minLength: 1, maxLength: 4}),
        network,
        marks,
        misbehaviour,
        (seed, turns, network, marks, misbehaviour) => {
          const call = play(seed, turns, {network, marks, misbehaviour, mode: 'immediate'});
          // Our requests may race with what the server does by itself; nothing else may be refused.
          const refused = call.session.refusals.filter(({code}) => !RACES.has(code ?? ''));
          // A server that counts less than it sent refuses a cut behind its end, once, and is cut there.
          if (misbehaviour.heldShortMs === 0) expect(refused).toEqual([]);
          const tolerance = toleranceOf(network, marks);
          for (const {item, heardMs, rememberedMs} of playbackEvidence(call.session.items, call.queue.played())) {
            expect(heardMs).toBeLessThanOrEqual(item.generatedMs);
            expect(Math.abs(rememberedMs - heardMs)).toBeLessThanOrEqual(tolerance);
          }
        },
      ),
      runs(150),
    );
  }, 120_000);

  test('no caller hears a word twice, or anything of a cleared reply after its clear', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.array(turn, {minLength: 1, maxLength: 3}),
        network,
        marks,
        misbehaviour,
        (seed, turns, network, marks, misbehaviour) => {
          const call = play(seed, turns, {network, marks, misbehaviour, mode: 'immediate'});
          const until = new Map<number, number>();
          for (const {item, fromMs, toMs} of readTagRuns(call.queue.played())) {
            expect(fromMs).toBe(until.get(item) ?? 0);
            until.set(item, toMs);
          }
        },
      ),
      runs(80),
    );
  }, 120_000);

  test('no caller is spoken to while they speak, not even by audio that was in flight', () => {
    fc.assert(
      fc.property(fc.nat(), fc.array(turn, {minLength: 1, maxLength: 4}), network, (seed, turns, network) => {
        const call = play(seed, turns, {network, misbehaviour: {}, mode: 'immediate'});
        // The first syllable must reach the model, be told from a click, and come back as a clear.
        const noticed = 64 + 32 + 20 + 2 * (network.delay + network.jitter) + 2 * 30 + 20;
        for (const {from, to} of call.talks) {
          const begun = call.queue.segments.filter(({at}) => at > from + noticed && at < to);
          expect(begun).toEqual([]);
        }
      }),
      runs(150),
    );
  }, 120_000);

  test('with resume a noise costs no word: every byte is heard once, within what the network hides', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({min: 1_500, max: 6_000}),
        fc.integer({min: 100, max: 1_300}),
        fc.integer({min: 70, max: 160}),
        fc.integer({min: 0, max: 100}),
        (seed, length, listens, noise, delay) => {
          const call = new CoreCall({
            seed,
            network: {delay, jitter: 0},
            floor: {mode: 'resume', greetingProtectedMs: 0},
            script: () => [speech(length)],
          });
          call.until(() => call.audible);
          call.wait(listens);
          call.talk(noise);
          call.wait(12_000);
          const runsHeard = readTagRuns(call.queue.played());
          expect(new Set(runsHeard.map(({item}) => item)).size).toBe(1);
          // Truncation between two bytes, so a block may be split; and Twilio's clock is known to a frame. After a noise
          // in the last moment that is the end: seed 1505575404 resumed with a single byte.
          for (const [at, {fromMs}] of [...runsHeard, {fromMs: Math.round(length)}].entries()) {
            if (at > 0) expect(Math.abs(fromMs - (runsHeard[at - 1]?.toMs ?? 0))).toBeLessThanOrEqual(22);
          }
        },
      ),
      runs(60),
    );
  }, 120_000);
});

describe('a caller interrupts while marks come back', () => {
  test.each<[string, MarkKnobs]>([
    ['late by up to 300 ms', {late: {from: 0, to: 300}}],
    ['only once in 250 ms', {bunchedMs: 250}],
    ['never', {lost: 1}],
    ['before their audio was played', {flushedAfterMs: 0}],
    ['now and then all at once, without a clear', {flushedAfterMs: 400}],
    ['as they are played', {}],
  ])('%s: there is silence, and the model knows what was heard', (_, knobs) => {
    const errors = Array.from({length: 20}, (_, seed) => {
      const network = {delay: 20, jitter: 5};
      const call = new CoreCall({seed, network, marks: knobs, script: () => [speech(9_000)]});
      for (const listens of [1_300, 900, 2_700]) {
        call.until(() => call.audible);
        call.wait(listens + 61 * seed);
        call.talk(900);
        call.wait(400);
        expect(call.audible).toBe(false);
        call.wait(1_200);
      }
      const interrupted = playbackEvidence(call.session.items, call.queue.played()).slice(0, 3);
      expect(interrupted.map(({wasCut}) => wasCut)).toEqual([true, true, true]);
      return interrupted.map(({heardMs, rememberedMs}) => Math.abs(rememberedMs - heardMs));
    }).flat();
    expect(errors.toSorted((a, b) => a - b)[57]).toBeLessThanOrEqual(40);
  });
});

describe('the estimate of what was heard', () => {
  const step = fc.oneof(
    fc.record({do: fc.constant('say' as const), ms: fc.integer({min: 1, max: 600})}),
    fc.record({do: fc.constant('wait' as const), ms: fc.integer({min: 0, max: 900})}),
    fc.record({do: fc.constant('echo' as const), skip: fc.integer({min: 0, max: 3})}),
    fc.record({do: fc.constant('frame' as const), late: fc.integer({min: 0, max: 200})}),
    fc.record({do: fc.constant('clear' as const), echoes: fc.integer({min: 0, max: 3})}),
    fc.record({do: fc.constant('foreign' as const), name: fc.string()}),
  );

  test('stays between what is proven and what was sent, and never decreases within a playout', () => {
    fc.assert(
      fc.property(fc.array(step, {maxLength: 60}), steps => {
        const ledger = new PlaybackLedger(1);
        const marks: string[] = [];
        let [at, before, received] = [0, 0, 0];
        for (const each of steps) {
          if (each.do === 'wait') at += each.ms;
          if (each.do === 'say') {
            const opening = ledger.opening(at);
            if (opening) marks.push(opening);
            marks.push(
              ledger.sent(
                {itemId: 'i', responseId: 'r', itemFrom: received, ms: each.ms, payload: silence(each.ms)},
                at,
              ),
            );
            received += each.ms;
          }
          if (each.do === 'frame') ledger.callerFrame(Math.max(0, at - each.late), at);
          if (each.do === 'echo') for (const mark of marks.splice(each.skip, 1)) ledger.markReturned(mark, at);
          if (each.do === 'foreign') ledger.markReturned(each.name, at);
          if (each.do === 'clear') {
            marks.push(ledger.clear(at));
            for (const mark of marks.splice(-each.echoes)) ledger.markReturned(mark, at + 5);
            const settled = ledger.confirmClear();
            expect(settled?.heard).toBeGreaterThanOrEqual(settled?.proven ?? 0);
            expect(settled?.heard).toBeLessThanOrEqual(settled?.sent ?? 0);
            const unheard = (settled?.unheard ?? []).reduce((sum, piece) => sum + piece.ms, 0);
            expect(unheard + (settled?.heard ?? 0)).toBeLessThan((settled?.sent ?? 0) + 0.125 + 1e-6);
            before = 0;
          }
          const heard = ledger.heard(at);
          expect(heard).toBeGreaterThanOrEqual(Math.max(before, ledger.provenMs));
          expect(heard).toBeLessThanOrEqual(ledger.sentMs);
          expect(heard).toBeLessThanOrEqual(received);
          before = heard;
        }
      }),
      runs(2_000),
    );
  });
});
