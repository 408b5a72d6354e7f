import fc from 'fast-check';
import {expect, test} from 'vitest';
import {FRAME_BYTES, msOf, readDelta, readFrame, taggedDelta, taggedFrame} from './tags.ts';

test('a frame says which one it is, also behind others in one message', () => {
  const tag = fc.record({call: fc.nat(0xf_ffff), frame: fc.nat(0xff_ffff), speaks: fc.boolean()});
  fc.assert(
    fc.property(fc.array(tag, {minLength: 1, maxLength: 5}), tags => {
      const audio = Buffer.concat(tags.map(each => Buffer.from(taggedFrame(each), 'base64')));
      expect(tags.map((_, index) => readFrame(audio, index * FRAME_BYTES))).toEqual(tags);
    }),
  );
});

test('silence that the bridge put in is no frame', () => {
  expect(readFrame(Buffer.alloc(FRAME_BYTES, 0xff), 0)).toBeUndefined();
});

test('assistant audio says which piece it is and lasts as long as it should', () => {
  fc.assert(
    fc.property(fc.nat(0xffff_ffff), number => {
      const payload = taggedDelta(number, 240);
      expect(readDelta(payload)).toBe(number);
      expect(msOf(payload)).toBe(240);
    }),
  );
  expect(readDelta(Buffer.alloc(160, 0x90).toString('base64'))).toBeUndefined();
});
