import {BYTES_PER_MS} from '@voicebridge/shared/protocol/audio.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {LineNoise} from './line-noise.ts';
import {rms} from './loudness.ts';

/** Audio that a model session was given: base64 μ-law, and when it came. */
export interface GivenFrame {
  readonly payload: string;
  readonly ms: Millis;
  readonly at: Millis;
  /** On Twilio's clock of the stream it came on; undefined for what Twilio never sent. */
  readonly timestamp: Millis | undefined;
  readonly stream: number;
}

const FRAME_MS: Millis = 20;
const FRAME_BYTES = FRAME_MS * BYTES_PER_MS;
/** So many frames are remembered: a minute, longer than any sentence. */
const CAPACITY = 3_000;
/** Of the last five frames three are louder than the line: that is speech, and a click of one or two is not. */
const RECENT_FRAMES = 5;
const MIN_LOUD_FRAMES = 3;
/** The model's opinion of where speech begins and ends is a guess within about so much. */
const NEAR_MS = 100;
/** A line that is nearly as loud as this without speech tells nothing. */
const MAX_LINE_RMS = 1_000;
/** A frame that came so much later than the fastest was held back: by a network, by us, or by an edge until we came. */
const MAX_EXTRA_DELAY_MS = 60;
/** So many frames before one, and as many after it, tell how long frames usually take. */
const NEARBY_FRAMES = 50;
/** Where those were all held back, so many tell. Not all: Twilio's clock loses a millisecond or two each second. */
const WIDER_FRAMES = 750;

/**
 * What one model session was given of the caller, and when each moment of it arrived here. The model tells where speech
 * begins and ends on a coarse grid and with its own idea of silence; the frames around that place tell it to the frame.
 *
 *   frames   ▁▁▁▁▃▅▇▇▅▇▇▅▃▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁
 *   model         └ about here ┘ about there
 *
 * Asked between `speech_started` and the clear, while a caller waits for silence; and kept for fifty frames a second of
 * every call. So it is a ring of plain numbers: nothing to copy when asked, nothing for the garbage collector to move.
 */
export class SpeechLocator {
  readonly #untilMs = new Float64Array(CAPACITY);
  readonly #at = new Float64Array(CAPACITY);
  /** How long it took from Twilio's clock to ours; NaN for what Twilio never sent. */
  readonly #delay = new Float64Array(CAPACITY);
  readonly #stream = new Uint32Array(CAPACITY);
  readonly #level = new Float32Array(CAPACITY);
  #count = 0;
  #givenMs: Millis = 0;
  readonly #latest = new Float64Array(50);
  readonly #line = new LineNoise();
  /** The model hears the caller speak. */
  speaking = false;

  /** Another session begins: it was given nothing yet. */
  reset(): void {
    this.#count = 0;
    this.#givenMs = 0;
    this.speaking = false;
  }

  /** `again`: another session was given it, too, and the line was judged by it then. */
  add({payload, ms, at, timestamp, stream}: GivenFrame, again = false): void {
    const bytes = Buffer.from(payload, 'base64');
    if (timestamp === undefined) {
      this.#add(0, ms, {at, stream, way: Number.NaN});
      // A line that sends nothing but speech is quiet between.
      for (let left = again ? 0 : ms; left >= FRAME_MS; left -= FRAME_MS) this.#line.add(0, this.speaking);
      return;
    }
    // What waited at an edge comes in one piece; where speech begins in it is looked for in frames all the same.
    for (let from = 0; from < bytes.length; from += FRAME_BYTES) {
      const part = bytes.subarray(from, from + FRAME_BYTES);
      const level = rms(part);
      this.#add(level, part.length / BYTES_PER_MS, {at, stream, way: at - timestamp - from / BYTES_PER_MS});
      if (!again) this.#line.add(level, this.speaking);
    }
  }

  #add(level: number, ms: Millis, {at, way, stream}: {at: Millis; way: Millis; stream: number}): void {
    const slot = this.#count % CAPACITY;
    this.#givenMs += ms;
    this.#untilMs[slot] = this.#givenMs;
    this.#at[slot] = at;
    this.#delay[slot] = way;
    this.#stream[slot] = stream;
    this.#level[slot] = level;
    this.#count += 1;
  }

  /** When the audio at this position of the session arrived; undefined before any has. */
  arrivedAt(positionMs: Millis): Millis | undefined {
    return this.#arrivalOf(Math.min(this.#placeOf(positionMs), this.#count - 1));
  }

  /** When the first frame of speech arrived that began, as the model thinks, about here. */
  onsetAt(positionMs: Millis | undefined): Millis | undefined {
    if (positionMs === undefined) return undefined;
    const {first, loud} = this.#near(positionMs);
    const onset = loud.indexOf(true);
    // Loud from the very beginning: it did not begin here.
    return onset > 0 ? this.#arrivalOf(first + onset) : this.arrivedAt(positionMs);
  }

  /** When the last frame of speech arrived that ended, as the model thinks, about here. */
  endedAt(positionMs: Millis | undefined): Millis | undefined {
    if (positionMs === undefined) return undefined;
    const {first, loud} = this.#near(positionMs);
    const last = loud.lastIndexOf(true);
    return last >= 0 && last < loud.length - 1 ? this.#arrivalOf(first + last) : this.arrivedAt(positionMs);
  }

  /** When the last frame arrived in which the caller could be heard, of those that came from `since` on. */
  loudUntil(since: Millis): Millis | undefined {
    const {speechThreshold} = this.#line;
    for (let place = this.#count - 1; place >= this.#oldest; place -= 1) {
      const at = read(this.#at, place);
      if (at >= since && read(this.#level, place) > speechThreshold) return at;
    }
    return undefined;
  }

  /** Whether the caller can be heard to speak now, whatever the model says. */
  get isSpeech(): boolean {
    const {speechThreshold} = this.#line;
    let loud = 0;
    for (let place = Math.max(this.#oldest, this.#count - RECENT_FRAMES); place < this.#count; place += 1) {
      if (read(this.#level, place) > speechThreshold) loud += 1;
    }
    return loud >= MIN_LOUD_FRAMES;
  }

  /** The levels of the last second, the oldest first; the array is used again. */
  get latestLevels(): Float64Array {
    const {length} = this.#latest;
    for (let index = 0; index < length; index += 1) {
      const place = this.#count - length + index;
      this.#latest[index] = place < this.#oldest ? 0 : read(this.#level, place);
    }
    return this.#latest;
  }

  get #oldest(): number {
    return Math.max(0, this.#count - CAPACITY);
  }

  /** The first frame that reaches a position; the place behind the last if none does. */
  #placeOf(positionMs: Millis): number {
    let [from, to] = [this.#oldest, this.#count];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (read(this.#untilMs, middle) >= positionMs) to = middle;
      else from = middle + 1;
    }
    return from;
  }

  /** Which of the frames around a position are loud, one more at each end. None where the line is too loud to tell. */
  #near(positionMs: Millis): {readonly first: number; readonly loud: readonly boolean[]} {
    const {speechThreshold} = this.#line;
    const first = this.#placeOf(positionMs - NEAR_MS);
    const loud: boolean[] = [];
    if (speechThreshold > MAX_LINE_RMS) return {first, loud};
    for (let place = first; place < this.#count; place += 1) {
      loud.push(read(this.#level, place) > speechThreshold);
      if (read(this.#untilMs, place) > positionMs + NEAR_MS) break;
    }
    return {first, loud};
  }

  /**
   * When a frame arrived, or would have if frames took as long as they usually do: jitter, and what holds a frame back,
   * say nothing about when somebody spoke.
   */
  #arrivalOf(place: number): Millis | undefined {
    if (place < this.#oldest) return undefined;
    const at = read(this.#at, place);
    const way = read(this.#delay, place);
    if (Number.isNaN(way)) return at;
    const farAround = this.#delaysBetween(place, place - WIDER_FRAMES, place + WIDER_FRAMES);
    const fastest = farAround.reduce((least, each) => Math.min(least, each), way);
    const notHeldBack = (ways: readonly Millis[]) => ways.filter(each => each <= fastest + MAX_EXTRA_DELAY_MS);
    const around = notHeldBack(this.#delaysBetween(place, place - NEARBY_FRAMES, place + NEARBY_FRAMES));
    // Seconds that waited at an edge until we came were all held back: others must tell.
    const usual = around.length >= NEARBY_FRAMES / 2 ? around : notHeldBack(farAround);
    return at - way + (ascending(usual)[Math.floor(usual.length / 2)] ?? 0);
  }

  /** How long the frames between two places took that came on the same stream as one of them. */
  #delaysBetween(like: number, from: number, to: number): Millis[] {
    const ways: Millis[] = [];
    const stream = read(this.#stream, like);
    for (let place = Math.max(from, this.#oldest); place < Math.min(to, this.#count); place += 1) {
      const way = read(this.#delay, place);
      if (read(this.#stream, place) === stream && !Number.isNaN(way)) ways.push(way);
    }
    return ways;
  }
}

function read(ring: Float64Array | Float32Array | Uint32Array, place: number): number {
  return ring[place % CAPACITY] ?? Number.NaN;
}

function ascending(values: readonly number[]): number[] {
  return values.toSorted((a, b) => a - b);
}
