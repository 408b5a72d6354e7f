import fc from 'fast-check';
import {expect, test} from 'vitest';
import {FramePieces} from './frame-pieces.ts';

/** A frame of a server with so many bytes. */
function frame(length: number): Buffer {
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = 0x81;
  head[1] = length < 126 ? length : length < 65_536 ? 126 : 127;
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, Buffer.alloc(length, 0xff)]);
}

test('32,768 empty pings that were read at once are passed on 32 at a time', () => {
  const pings = Buffer.from('8900'.repeat(32_768), 'hex');
  const pieces = new FramePieces();
  let at = 0;
  while (at < pings.length) {
    const end = pieces.end(pings, at);
    expect(end - at).toBe(64);
    at = end;
  }
});

test('whatever comes, and however it is cut: a piece has 32 frames at most, and ends where a frame does or the bytes do', () => {
  const lengths = fc.array(fc.oneof(fc.nat({max: 3}), fc.nat({max: 300}), fc.constant(70_000)), {maxLength: 300});
  fc.assert(
    fc.property(lengths, fc.array(fc.integer({min: 1, max: 5_000}), {minLength: 1, maxLength: 20}), (each, cuts) => {
      const bytes = Buffer.concat(each.map(frame));
      const ends: number[] = [];
      for (const length of each) ends.push((ends.at(-1) ?? 0) + frame(length).length);
      const pieces = new FramePieces();
      let turn = 0;
      for (let read = 0; read < bytes.length;) {
        const chunk = bytes.subarray(read, read + (cuts[turn % cuts.length] ?? 1));
        turn += 1;
        for (let at = 0; at < chunk.length;) {
          const end = pieces.end(chunk, at);
          expect(end).toBeGreaterThan(at);
          const [from, to] = [read + at, read + end];
          expect(ends.filter(frameEnd => frameEnd > from && frameEnd < to).length).toBeLessThanOrEqual(32);
          if (end < chunk.length) expect(ends).toContain(to);
          at = end;
        }
        read += chunk.length;
      }
    }),
    {numRuns: 50},
  );
});
