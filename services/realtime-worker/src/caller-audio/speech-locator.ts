import {BYTES_PER_MS} from '@voicebridge/shared/protocol/audio.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {KeptAudio, KeptFrame} from './kept-audio.ts';
import {LineNoise} from './line-noise.ts';
import {rms} from '@voicebridge/shared/protocol/loudness.ts';

const FRAME_MS: Millis = 20;
const FRAME_BYTES = FRAME_MS * BYTES_PER_MS;
/** Frames that are remembered, a power of two: twenty seconds. A model that reports nothing for so long is given up before. */
const CAPACITY = 1_024;
/** The loudness of this many frames is measured at once, if nobody asks before: a second. */
const UNMEASURED = 50;
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
 * Frames are added fifty times a second for each call, so they are remembered in rings of plain numbers, and adding one
 * measures nothing: the loudness of all frames that came since is measured when a question needs it, or once a second.
 * A question is asked between `speech_started` and the clear, while the caller waits for silence. It copies up to 1,500
 * delays and sorts up to 100 of them (1,500 if those are too few): 0.07 ms at the median.
 */
export class SpeechLocator {
  readonly #kept: Pick<KeptAudio, 'loudness'>;
  /** Where each frame ends in the session's audio, in bytes of μ-law. */
  readonly #until = new Uint32Array(CAPACITY);
  readonly #at = new Float64Array(CAPACITY);
  /** Twilio's clock where the frame begins. */
  readonly #timestamp = new Uint32Array(CAPACITY);
  readonly #stream = new Uint16Array(CAPACITY);
  /** NaN for silence that the worker added. */
  readonly #level = new Float32Array(CAPACITY);
  #count = 0;
  #givenBytes = 0;
  /** How many of the latest frames are not measured yet. They are the latest that `KeptAudio` has. */
  #unmeasured = 0;
  readonly #latest = new Float64Array(50);
  readonly #line = new LineNoise();
  #speaking = false;

  /** `kept` has the audio of the latest frames. */
  constructor(kept: Pick<KeptAudio, 'loudness'>) {
    this.#kept = kept;
  }

  /** The model reports that the caller speaks. */
  get speaking(): boolean {
    return this.#speaking;
  }

  set speaking(isSpeaking: boolean) {
    // The line is learned from the frames in which the model reports no speech, as it was when they came.
    if (isSpeaking !== this.#speaking) this.measure();
    this.#speaking = isSpeaking;
  }

  /** Another session begins. It has been given no audio yet. */
  reset(): void {
    this.measure();
    this.#count = 0;
    this.#givenBytes = 0;
    this.#speaking = false;
  }

  /** The frame that `KeptAudio` was given last, if it is no longer than 20 ms. `bytes`: of μ-law. */
  addLatest(bytes: number, at: Millis, timestamp: Millis, stream: number): void {
    this.#add(bytes, at, timestamp, stream, 0);
    this.#unmeasured += 1;
    if (this.#unmeasured === UNMEASURED) this.measure();
  }

  /**
   * Any other audio: silence, a long piece, or a frame that is given once more. `again`: an earlier session was given it
   * too, so the line noise has already been learned from it.
   */
  add({payload, ms, at, timestamp, stream}: KeptFrame, again = false): void {
    this.measure();
    if (timestamp === undefined) {
      this.#add(ms * BYTES_PER_MS, at, 0, stream, Number.NaN);
      // A phone that sends only speech has a quiet line between two words.
      for (let left = again ? 0 : ms; left >= FRAME_MS; left -= FRAME_MS) this.#line.add(0, this.#speaking);
      return;
    }
    const bytes = Buffer.from(payload, 'base64');
    // Audio that waited at an edge comes in one long piece. It is split, so that speech is found to the frame.
    for (let from = 0; from < bytes.length; from += FRAME_BYTES) {
      const part = bytes.subarray(from, from + FRAME_BYTES);
      const level = rms(part);
      this.#add(part.length, at, timestamp + from / BYTES_PER_MS, stream, level);
      if (!again) this.#line.add(level, this.#speaking);
    }
  }

  /** Measures how loud the frames are that came since it was measured last. */
  measure(): void {
    for (; this.#unmeasured > 0; this.#unmeasured -= 1) {
      const level = this.#kept.loudness(this.#unmeasured);
      this.#level[(this.#count - this.#unmeasured) % CAPACITY] = level;
      this.#line.add(level, this.#speaking);
    }
  }

  #add(bytes: number, at: Millis, timestamp: Millis, stream: number, level: number): void {
    const slot = this.#count % CAPACITY;
    this.#givenBytes += bytes;
    this.#until[slot] = this.#givenBytes;
    this.#at[slot] = at;
    this.#timestamp[slot] = timestamp;
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
    const {speechThreshold} = this;
    for (let place = this.#count - 1; place >= this.#oldest; place -= 1) {
      const at = read(this.#at, place);
      if (at >= from && read(this.#level, place) > speechThreshold) return at;
    }
    return undefined;
  }

  /** Whether the latest frames are speech by their loudness, whatever the model reports. */
  get isSpeech(): boolean {
    const {speechThreshold} = this;
    let loud = 0;
    for (let place = Math.max(this.#oldest, this.#count - RECENT_FRAMES); place < this.#count; place += 1) {
      if (read(this.#level, place) > speechThreshold) loud += 1;
    }
    return loud >= MIN_LOUD_FRAMES;
  }

  /** The levels of the last 50 frames, oldest first. The array is reused by the next call. */
  get latestLevels(): Float64Array {
    this.measure();
    const {length} = this.#latest;
    for (let index = 0; index < length; index += 1) {
      const place = this.#count - length + index;
      this.#latest[index] = place < this.#oldest ? 0 : read(this.#level, place) || 0;
    }
    return this.#latest;
  }

  /** How loud a frame must be to contain more than line noise, by all frames that came. */
  get speechThreshold(): number {
    this.measure();
    return this.#line.speechThreshold;
  }

  get #oldest(): number {
    return Math.max(0, this.#count - CAPACITY);
  }

  /** The first frame that reaches a position of the session; the place after the last frame if none does. */
  #placeOf(positionMs: Millis): number {
    let [from, to] = [this.#oldest, this.#count];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (this.#untilMs(middle) >= positionMs) to = middle;
      else from = middle + 1;
    }
    return from;
  }

  /** Which frames around a position are louder than the line noise, one more at each end. Empty if the line is too noisy. */
  #near(positionMs: Millis): {readonly first: number; readonly loud: readonly boolean[]} {
    const {speechThreshold} = this;
    const first = this.#placeOf(positionMs - NEAR_MS);
    const loud: boolean[] = [];
    if (speechThreshold > MAX_LINE_RMS) return {first, loud};
    for (let place = first; place < this.#count; place += 1) {
      loud.push(read(this.#level, place) > speechThreshold);
      if (this.#untilMs(place) > positionMs + NEAR_MS) break;
    }
    return {first, loud};
  }

  /** When a frame would have arrived with the usual delay: its timestamp plus the median delay, without jitter. */
  #arrivalOf(place: number): Millis | undefined {
    if (place < this.#oldest) return undefined;
    const at = read(this.#at, place);
    const way = this.#delay(place);
    if (Number.isNaN(way)) return at;
    const farAround = this.#delaysBetween(place, place - WIDER_FRAMES, place + WIDER_FRAMES);
    const fastest = farAround.reduce((least, each) => Math.min(least, each), way);
    const notHeldBack = (ways: readonly Millis[]) => ways.filter(each => each <= fastest + MAX_EXTRA_DELAY_MS);
    const around = notHeldBack(this.#delaysBetween(place, place - NEARBY_FRAMES, place + NEARBY_FRAMES));
    // Frames that waited at an edge for a worker were all delayed; the frames further away give the usual delay.
    const usual = around.length >= NEARBY_FRAMES / 2 ? around : notHeldBack(farAround);
    return at - way + (ascending(usual)[Math.floor(usual.length / 2)] ?? 0);
  }

  #untilMs(place: number): Millis {
    return read(this.#until, place) / BYTES_PER_MS;
  }

  /** Arrival here minus Twilio's timestamp; NaN for silence that the worker added. */
  #delay(place: number): Millis {
    return Number.isNaN(read(this.#level, place)) ? Number.NaN : read(this.#at, place) - read(this.#timestamp, place);
  }

  /** The delays of the frames between two places that came on the same stream as `like`. */
  #delaysBetween(like: number, from: number, to: number): Millis[] {
    const ways: Millis[] = [];
    const stream = read(this.#stream, like);
    for (let place = Math.max(from, this.#oldest); place < Math.min(to, this.#count); place += 1) {
      const way = this.#delay(place);
      if (read(this.#stream, place) === stream && !Number.isNaN(way)) ways.push(way);
    }
    return ways;
  }
}

function read(ring: Float64Array | Float32Array | Uint32Array | Uint16Array, place: number): number {
  return ring[place % CAPACITY] ?? Number.NaN;
}

function ascending(values: readonly number[]): number[] {
  return values.toSorted((a, b) => a - b);
}
