import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {PeerLimits} from './peer-limits.ts';

test('a caller whose network stalled for ten seconds is no flood', () => {
  const conduct = new PeerLimits(0);
  for (let at = 0; at < 60_000; at += 20) expect(conduct.paced(at)).toBe(true);
  for (let frames = 0; frames < 500; frames += 1) expect(conduct.paced(70_000)).toBe(true);
});

test('three times the usual pace is borne for ever, more is not', () => {
  const usual = new PeerLimits(0);
  for (let message = 0; message < 10_000; message += 1) expect(usual.paced(message * 7)).toBe(true);
  const flood = new PeerLimits(0);
  const borne = Array.from({length: 10_000}, (_, message) => flood.paced(message)).indexOf(false);
  expect(borne).toBeGreaterThan(1_500);
  expect(borne).toBeLessThan(2_000);
});

test('twenty messages that nobody can use are borne', () => {
  const conduct = new PeerLimits(0);
  const borne = Array.from({length: 25}, () => conduct.tolerated());
  expect(borne.lastIndexOf(true)).toBe(19);
  expect(conduct.malformed).toBe(25);
});

describe('marks that we sent', () => {
  /** The edge's rule: a mark of ours is free, everything else is paced. */
  const borne = (conduct: PeerLimits, what: 'media' | 'mark', at: number) =>
    (what === 'mark' && conduct.markReturned()) || conduct.paced(at);
  const step = fc.record({
    wait: fc.nat({max: 400}),
    sent: fc.nat({max: 3_000}),
    returned: fc.double({min: 0, max: 1, noNaN: true}),
    media: fc.double({min: 0, max: 1, noNaN: true}),
  });

  test('never count against a phone, in whichever bursts they come back', () => {
    fc.assert(
      fc.property(fc.array(step, {maxLength: 40}), steps => {
        const conduct = new PeerLimits(0);
        let [at, out] = [0, 0];
        for (const {wait, sent, returned, media} of steps) {
          at += wait;
          for (let mark = 0; mark < sent; mark += 1) conduct.markSent();
          out += sent;
          const back = Math.round(out * returned);
          out -= back;
          for (let mark = 0; mark < back; mark += 1) expect(borne(conduct, 'mark', at)).toBe(true);
          // As much audio as time has passed, and no more.
          for (let frame = 0; frame < Math.floor((wait / 20) * media); frame += 1)
            expect(borne(conduct, 'media', at)).toBe(true);
        }
      }),
    );
  });

  test('are no cover for a phone that floods: each is free once', () => {
    fc.assert(
      fc.property(fc.nat({max: 3_000}), fc.nat({max: 10_000}), (sent, lasts) => {
        const conduct = new PeerLimits(0);
        for (let mark = 0; mark < sent; mark += 1) conduct.markSent();
        const most = sent + 1_500 + (lasts / 1_000) * 150;
        let taken = 0;
        while (taken <= most && borne(conduct, 'mark', lasts)) taken += 1;
        expect(taken).toBeLessThanOrEqual(most);
      }),
    );
  });
});
