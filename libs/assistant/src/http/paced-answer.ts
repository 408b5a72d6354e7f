import {setTimeout as sleep} from 'node:timers/promises';
import {JsonMeter, MANY_FACTS} from '@voicebridge/shared/protocol/json-bounds.ts';
import {RequestRefused} from './send-request.ts';

/** An answer, or one stream of events, that is longer is cut, in bytes. */
const BYTES_AT_MOST = 8_388_608;
/** A stream of events is passed on by its events, a hundred at once and then a hundred a second: each costs up to half a millisecond. */
const EVENTS_AT_ONCE = 100;
const MS_PER_EVENT = 10;
/** So many lines without an event cost as much as one. */
const LINES_PER_EVENT = 200;
const [LF, CR] = [0x0a, 0x0d];

/** The body of an answer of a server that may be broken or hostile: bounded, and never so fast that calls wait for it. */
export async function* paced(body: AsyncIterable<unknown>, {isStream}: {readonly isStream: boolean}) {
  const events = new EventEnds();
  const meter = new JsonMeter(MANY_FACTS);
  let bytes = 0;
  let [ready, last] = [EVENTS_AT_ONCE, performance.now()];
  for await (const part of body) {
    if (!Buffer.isBuffer(part)) continue;
    bytes += part.length;
    if (bytes > BYTES_AT_MOST) throw new RequestRefused(`the answer is longer than ${BYTES_AT_MOST} bytes`);
    for (let from = 0; from < part.length;) {
      const to = isStream ? events.next(part, from) : part.length;
      if (!meter.take(part, from, to))
        throw new RequestRefused('the answer has too many or too deep lists and objects');
      yield part.subarray(from, to);
      from = to;
      if (!isStream || !events.isAtEnd) continue;
      if (events.isWhole) meter.restart();
      const now = performance.now();
      ready = Math.min(EVENTS_AT_ONCE, ready + (now - last) / MS_PER_EVENT) - 1;
      last = now;
      if (ready < 0) await sleep(MS_PER_EVENT);
    }
  }
}

/** Finds where events end in a stream of them: behind an empty line, or after very many lines. */
class EventEnds {
  #isLineEmpty = true;
  #lines = 0;
  /** Whether an event, or very many lines of one, ended where `next` pointed to last. */
  isAtEnd = false;
  /** Whether it is the event that ended. */
  isWhole = false;

  /** Where the event ends that goes on at `from`; the end of the bytes if it does not end in them. */
  next(bytes: Uint8Array, from: number): number {
    this.isAtEnd = false;
    for (let at = from; at < bytes.length; at += 1) {
      if (bytes[at] === LF) {
        this.#lines += 1;
        this.isWhole = this.#isLineEmpty;
        this.isAtEnd = this.isWhole || this.#lines >= LINES_PER_EVENT;
        this.#isLineEmpty = true;
        if (!this.isAtEnd) continue;
        this.#lines = 0;
        return at + 1;
      }
      if (bytes[at] !== CR) this.#isLineEmpty = false;
    }
    return bytes.length;
  }
}
