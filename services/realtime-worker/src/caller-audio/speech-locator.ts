import {BYTES_PER_MS} from '@voicebridge/shared/protocol/audio.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {LineNoise} from './line-noise.ts';
import {rms} from './loudness.ts';

/** Audio given to a model session: `payload` is base64 μ-law, `at` is when it arrived here. */
export interface GivenFrame {
  readonly payload: string;
  readonly ms: Millis;
  readonly at: Millis;
  /** Twilio's clock of the stream it came on, in milliseconds; undefined for silence that the worker added. */
  readonly timestamp: Millis | undefined;
  readonly stream: number;
}

const FRAME_MS: Millis = 20;
const FRAME_BYTES = FRAME_MS * BYTES_PER_MS;
/** Frames that are kept: one minute, longer than any sentence. */
const CAPACITY = 3_000;
/** Three of the last five frames louder than the line noise are speech; one or two are a click. */
const RECENT_FRAMES = 5;
const MIN_LOUD_FRAMES = 3;
/** The model reports the beginning and end of speech with about this error. */
const NEAR_MS = 100;
/** On a line with more noise than this, frames cannot show where speech begins. */
const MAX_LINE_RMS = 1_000;
/** A frame this much later than the fastest was delayed: by the network, this process, or an edge that waited for a worker. */
const MAX_EXTRA_DELAY_MS = 60;
/** The usual delay of a frame is the median over this many frames before it and after it. */
const NEARBY_FRAMES = 50;
/** If most of those were delayed, this many are used. Not all: Twilio's clock drifts by a millisecond or two a second. */
const WIDER_FRAMES = 750;

/**
 * The caller audio that one model session was given, and when each part of it arrived here. The model reports where speech
 * begins and ends on a coarse grid and with its own threshold; the loudness of the frames around that position gives the
 * exact frame.
 *
 *   frames   ▁▁▁▁▃▅▇▇▅▇▇▅▃▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁
 *   model         └ about here ┘ about there
 *
 * Frames are added fifty times a second for each call, so they are kept in ring buffers of plain numbers: adding one
 * allocates only the decoded audio. A question is asked between `speech_started` and the clear, while the caller waits
 * for silence. It copies up to 1,500 delays and sorts up to 100 of them (1,500 if those are too few): 0.07 ms at the median.
 */
export class SpeechLocator {
  readonly #untilMs = new Float64Array(CAPACITY);
  readonly #at = new Float64Array(CAPACITY);
  /** Arrival here minus Twilio's timestamp; NaN for silence that the worker added. */
  readonly #delay = new Float64Array(CAPACITY);
  readonly #stream = new Uint32Array(CAPACITY);
  readonly #level = new Float32Array(CAPACITY);
  #count = 0;
  #givenMs: Millis = 0;
  readonly #latest = new Float64Array(50);
  readonly #line = new LineNoise();
  /** The model reports that the caller speaks. */
  speaking = false;

  /** Another session begins. It has been given no audio yet. */
  reset(): void {
    this.#count = 0;
    this.#givenMs = 0;
    this.speaking = false;
  }

  /** `again`: an earlier session was given this frame too, so the line noise has already been learned from it. */
  add({payload, ms, at, timestamp, stream}: GivenFrame, again = false): void {
    const bytes = Buffer.from(payload, 'base64');
    if (timestamp === undefined) {
      this.#add(0, ms, {at, stream, way: Number.NaN});
      // A phone that sends only speech has a quiet line between two words.
      for (let left = again ? 0 : ms; left >= FRAME_MS; left -= FRAME_MS) this.#line.add(0, this.speaking);
      return;
    }
    // Audio that waited at an edge comes in one long piece. It is split, so that speech is found to the frame.
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

  /** When the audio at this position of the session (milliseconds) arrived; undefined before any has. */
  arrivedAt(positionMs: Millis): Millis | undefined {
    return this.#arrivalOf(Math.min(this.#placeOf(positionMs), this.#count - 1));
  }

  /** When the first frame of speech arrived that began near this position of the session, by the model's report. */
  onsetAt(positionMs: Millis | undefined): Millis | undefined {
    if (positionMs === undefined) return undefined;
    const {first, loud} = this.#near(positionMs);
    const onset = loud.indexOf(true);
    // Loud from the first frame on: the speech did not begin here.
    return onset > 0 ? this.#arrivalOf(first + onset) : this.arrivedAt(positionMs);
  }

  /** When the last frame of speech arrived that ended near this position of the session, by the model's report. */
  endedAt(positionMs: Millis | undefined): Millis | undefined {
    if (positionMs === undefined) return undefined;
    const {first, loud} = this.#near(positionMs);
    const last = loud.lastIndexOf(true);
    return last >= 0 && last < loud.length - 1 ? this.#arrivalOf(first + last) : this.arrivedAt(positionMs);
  }

  /** When the last frame louder than the line noise arrived, of those that came at `from` or later. */
  loudUntil(from: Millis): Millis | undefined {
    const {speechThreshold} = this.#line;
    for (let place = this.#count - 1; place >= this.#oldest; place -= 1) {
      const at = read(this.#at, place);
      if (at >= from && read(this.#level, place) > speechThreshold) return at;
    }
    return undefined;
  }

  /** Whether the latest frames are speech by their loudness, whatever the model reports. */
  get isSpeech(): boolean {
    const {speechThreshold} = this.#line;
    let loud = 0;
    for (let place = Math.max(this.#oldest, this.#count - RECENT_FRAMES); place < this.#count; place += 1) {
      if (read(this.#level, place) > speechThreshold) loud += 1;
    }
    return loud >= MIN_LOUD_FRAMES;
  }

  /** The levels of the last 50 frames, oldest first. The array is reused by the next call. */
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

  /** The first frame that reaches a position of the session; the place after the last frame if none does. */
  #placeOf(positionMs: Millis): number {
    let [from, to] = [this.#oldest, this.#count];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (read(this.#untilMs, middle) >= positionMs) to = middle;
      else from = middle + 1;
    }
    return from;
  }

  /** Which frames around a position are louder than the line noise, one more at each end. Empty if the line is too noisy. */
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

  /** When a frame would have arrived with the usual delay: its timestamp plus the median delay, without jitter. */
  #arrivalOf(place: number): Millis | undefined {
    if (place < this.#oldest) return undefined;
    const at = read(this.#at, place);
    const way = read(this.#delay, place);
    if (Number.isNaN(way)) return at;
    const farAround = this.#delaysBetween(place, place - WIDER_FRAMES, place + WIDER_FRAMES);
    const fastest = farAround.reduce((least, each) => Math.min(least, each), way);
    const notHeldBack = (ways: readonly Millis[]) => ways.filter(each => each <= fastest + MAX_EXTRA_DELAY_MS);
    const around = notHeldBack(this.#delaysBetween(place, place - NEARBY_FRAMES, place + NEARBY_FRAMES));
    // Frames that waited at an edge for a worker were all delayed; the frames further away give the usual delay.
    const usual = around.length >= NEARBY_FRAMES / 2 ? around : notHeldBack(farAround);
    return at - way + (ascending(usual)[Math.floor(usual.length / 2)] ?? 0);
  }

  /** The delays of the frames between two places that came on the same stream as `like`. */
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
