import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {PeerLimits} from './peer-limits.ts';

/** Of a socket that has said which call it is. */
function begun(): PeerLimits {
  const limits = new PeerLimits(0);
  limits.started();
  return limits;
}

test('before a socket has said which call it is, twenty messages are taken from it, however slowly they come', () => {
  const limits = new PeerLimits(0);
  const taken = Array.from({length: 30}, (_, message) => limits.paced(message * 100)).indexOf(false);
  expect(taken).toBe(20);
});

test('the messages of a caller whose network stalled for ten seconds are accepted', () => {
  const limits = begun();
  for (let at = 0; at < 60_000; at += 20) expect(limits.paced(at)).toBe(true);
  for (let frames = 0; frames < 500; frames += 1) expect(limits.paced(70_000)).toBe(true);
});

test('three times the usual rate is accepted for any time, a higher rate is not', () => {
  const usual = begun();
  for (let message = 0; message < 10_000; message += 1) expect(usual.paced(message * 7)).toBe(true);
  const flood = begun();
  const accepted = Array.from({length: 10_000}, (_, message) => flood.paced(message)).indexOf(false);
  expect(accepted).toBeGreaterThan(1_500);
  expect(accepted).toBeLessThan(2_000);
});

/** 20 ms of audio, in characters of base64. */
const FRAME = 216;

test('a phone that speaks as time passes is heard, however its network gathers up to ten seconds of it', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({max: 9_800}), {maxLength: 50}), gaps => {
      const limits = begun();
      let [at, spokenMs] = [0, 0];
      for (const gap of gaps) {
        at += gap;
        for (; spokenMs + 20 <= at; spokenMs += 20) expect(limits.paced(at) && limits.spoken(FRAME)).toBe(true);
      }
    }),
  );
});

test('never more than ten seconds and one and a half times the time go through, in frames of whatever size and pace', () => {
  const frame = fc.record({wait: fc.nat({max: 1_000}), characters: fc.nat({max: 16_000}).map(size => size * 4)});
  fc.assert(
    fc.property(fc.array(frame, {maxLength: 300}), frames => {
      const limits = begun();
      let at = 0;
      const taken: {at: number; ms: number}[] = [];
      for (const {wait, characters} of frames) {
        at += wait;
        if (limits.paced(at) && limits.spoken(characters)) taken.push({at, ms: (characters * 3) / 4 / 8});
      }
      for (let first = 0; first < taken.length; first += 1) {
        let sum = 0;
        for (const {at: last, ms} of taken.slice(first)) {
          sum += ms;
          expect(sum).toBeLessThanOrEqual(10_000 + 1.5 * (last - taken[first]!.at) + 1e-6);
        }
      }
    }),
    {numRuns: 50},
  );
});

test('twenty messages that cannot be used are accepted', () => {
  const limits = begun();
  const accepted = Array.from({length: 25}, () => limits.tolerated());
  expect(accepted.lastIndexOf(true)).toBe(19);
  expect(limits.malformed).toBe(25);
});

describe('marks that come back', () => {
  /** The rule of the edge: a mark that we sent is free, everything else is paced. */
  const accepted = (limits: PeerLimits, what: 'media' | 'mark', at: number) =>
    (what === 'mark' && limits.markReturned()) || limits.paced(at);
  const step = fc.record({
    wait: fc.nat({max: 400}),
    sent: fc.nat({max: 3_000}),
    returned: fc.double({min: 0, max: 1, noNaN: true}),
    media: fc.double({min: 0, max: 1, noNaN: true}),
  });

  test('do not count against a phone, in whichever bursts they come', () => {
    fc.assert(
      fc.property(fc.array(step, {maxLength: 40}), steps => {
        const limits = begun();
        let [at, out] = [0, 0];
        for (const {wait, sent, returned, media} of steps) {
          at += wait;
          for (let mark = 0; mark < sent; mark += 1) limits.markSent();
          out += sent;
          const back = Math.round(out * returned);
          out -= back;
          for (let mark = 0; mark < back; mark += 1) expect(accepted(limits, 'mark', at)).toBe(true);
          // As much audio as time has passed, and no more.
          for (let frame = 0; frame < Math.floor((wait / 20) * media); frame += 1)
            expect(accepted(limits, 'media', at)).toBe(true);
        }
      }),
    );
  });

  test('are free only once for each mark that was sent, so that a phone cannot flood with them', () => {
    fc.assert(
      fc.property(fc.nat({max: 3_000}), fc.nat({max: 10_000}), (sent, lasts) => {
        const limits = begun();
        for (let mark = 0; mark < sent; mark += 1) limits.markSent();
        const most = sent + 1_500 + (lasts / 1_000) * 150;
        let taken = 0;
        while (taken <= most && accepted(limits, 'mark', lasts)) taken += 1;
        expect(taken).toBeLessThanOrEqual(most);
      }),
    );
  });
});
