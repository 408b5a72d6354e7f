import fc from 'fast-check';
import {expect, test} from 'vitest';
import {ByteRing} from './byte-ring.ts';

const read = (ring: ByteRing, position: number, length: number) => {
  const bytes = Buffer.alloc(length);
  ring.copy(position, length, bytes, 0);
  return bytes;
};

test('every byte is found at its position until it is released, however the ring grows and wraps', () => {
  const step = fc.oneof(
    fc.record({append: fc.integer({min: 0, max: 5_000})}),
    fc.record({release: fc.double({min: 0, max: 1, noNaN: true})}),
  );
  fc.assert(
    fc.property(fc.array(step, {maxLength: 120}), steps => {
      const ring = new ByteRing();
      const all: number[] = [];
      for (const each of steps) {
        if ('append' in each) {
          const bytes = Buffer.from(Array.from({length: each.append + 6}, (_, at) => (all.length + at) % 251));
          expect(ring.append(bytes, 3, 3 + each.append)).toBe(all.length);
          all.push(...bytes.subarray(3, 3 + each.append));
        } else ring.release(ring.start + Math.floor((ring.end - ring.start) * each.release));
        expect(ring.end).toBe(all.length);
        const kept = ring.end - ring.start;
        expect(read(ring, ring.start, kept).equals(Buffer.from(all.slice(ring.start)))).toBe(true);
        expect(ring.text(ring.start, kept)).toBe(read(ring, ring.start, kept).toString('latin1'));
      }
    }),
    {numRuns: 60},
  );
});

test('what is released twice, or never came, changes nothing', () => {
  const ring = new ByteRing();
  ring.append(Buffer.from('abcdef'), 0, 6);
  ring.release(4);
  ring.release(2);
  expect(ring.start).toBe(4);
  ring.release(100);
  expect([ring.start, ring.end]).toEqual([6, 6]);
  expect(ring.append(Buffer.from('gh'), 0, 2)).toBe(6);
  expect(read(ring, 6, 2).toString()).toBe('gh');
});
