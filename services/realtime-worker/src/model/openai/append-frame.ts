import {randomFillSync} from 'node:crypto';

/** A whole text (RFC 6455, section 5.2), with a mask, as every frame of a client. */
const WHOLE_TEXT = 0x81;
const MASKED = 0x80;
/** The length stands in the next two bytes, or eight. */
const [TWO_BYTES, EIGHT_BYTES] = [126, 127];
const MASK_BYTES = 4;

const HEAD = Buffer.from('{"type":"input_audio_buffer.append","audio":"');
const TAIL = Buffer.from('"}');

/** Masks must not be guessable. Random numbers are cheap by the thousand only. */
const masks = Buffer.alloc(8_192);
let maskAt = masks.length;

/**
 * The event for caller audio as one WebSocket frame, fifty times a second and call: made in one buffer and written at once,
 * where the library would make three objects and copy it twice. `bytes` has the base64 text, which needs no escaping,
 * from `from` up to, but not including, `to`.
 */
export function appendFrame(bytes: Buffer, from: number, to: number): Buffer {
  const length = HEAD.length + (to - from) + TAIL.length;
  const start = (length < TWO_BYTES ? 2 : length < 65_536 ? 4 : 10) + MASK_BYTES;
  const frame = Buffer.allocUnsafe(start + length);
  frame[0] = WHOLE_TEXT;
  if (length < TWO_BYTES) frame[1] = MASKED | length;
  else if (length < 65_536) {
    frame[1] = MASKED | TWO_BYTES;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = MASKED | EIGHT_BYTES;
    frame.writeUInt32BE(0, 2);
    frame.writeUInt32BE(length, 6);
  }
  frame.set(HEAD, start);
  bytes.copy(frame, start + HEAD.length, from, to);
  frame.set(TAIL, start + HEAD.length + (to - from));
  mask(frame, start);
  return frame;
}

/** Masks what is behind `start` with the next mask, which it puts before. */
function mask(frame: Buffer, start: number): void {
  if (maskAt === masks.length) {
    randomFillSync(masks);
    maskAt = 0;
  }
  const [a = 0, b = 0, c = 0, d = 0] = [masks[maskAt], masks[maskAt + 1], masks[maskAt + 2], masks[maskAt + 3]];
  maskAt += MASK_BYTES;
  frame[start - 4] = a;
  frame[start - 3] = b;
  frame[start - 2] = c;
  frame[start - 1] = d;
  let at = start;
  for (; at + 3 < frame.length; at += 4) {
    frame[at] = (frame[at] ?? 0) ^ a;
    frame[at + 1] = (frame[at + 1] ?? 0) ^ b;
    frame[at + 2] = (frame[at + 2] ?? 0) ^ c;
    frame[at + 3] = (frame[at + 3] ?? 0) ^ d;
  }
  if (at < frame.length) frame[at] = (frame[at] ?? 0) ^ a;
  if (at + 1 < frame.length) frame[at + 1] = (frame[at + 1] ?? 0) ^ b;
  if (at + 2 < frame.length) frame[at + 2] = (frame[at + 2] ?? 0) ^ c;
}
