import {msOfBase64In, silence} from '@voicebridge/shared/protocol/audio.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {rmsOfBase64} from '@voicebridge/shared/protocol/loudness.ts';

/** Caller audio: `payload` is base64 μ-law, `at` is when it arrived here. */
export interface KeptFrame {
  readonly payload: string;
  readonly ms: Millis;
  readonly at: Millis;
  /** Twilio's clock of the stream it came on, in milliseconds; undefined for silence that the worker added. */
  readonly timestamp: Millis | undefined;
  readonly stream: number;
}

/** Room for two seconds of frames of 20 ms, which are 216 characters each: longer than most of what callers say. */
const USUAL_CHARACTERS = 100 * 216;
const USUAL_FRAMES = 128;
/** The same for eight seconds, and for two frames more. */
const MOST_CHARACTERS = 402 * 216;

/**
 * The latest audio of the caller, oldest first: what another model session is given if this one is lost. The text lies in
 * one ring of bytes and what is known of each frame in rings of numbers, so that a frame is one copy and no object. The
 * rings grow while a call waits for a session, and shrink again when less is kept.
 */
export class KeptAudio {
  #text: Buffer = Buffer.alloc(0);
  #writeAt = 0;
  #frames = new FrameRings(USUAL_FRAMES);
  /** The places of the oldest frame and of the next one; a place is counted from the first frame of the call. */
  #oldest = 0;
  #next = 0;
  #ms: Millis = 0;

  /** How long all of it is. */
  get ms(): Millis {
    return this.#ms;
  }

  /**
   * Adds base64 text that lies in `text`, from `from` up to, but not including, `to`. `at`: when it arrived here;
   * `timestamp`: on the clock of its stream.
   */
  add(text: Buffer, from: number, to: number, at: Millis, timestamp: Millis, stream: number): void {
    const length = to - from;
    const ms = msOfBase64In(text, from, to);
    const start = this.#roomFor(length);
    text.copy(this.#text, start, from, to);
    this.#writeAt = start + length;
    this.#note(start, length, ms, at, timestamp, stream);
  }

  /** Adds silence of whole milliseconds. */
  addSilence(ms: Millis, at: Millis, stream: number): void {
    this.#note(this.#writeAt, 0, ms, at, Number.NaN, stream);
  }

  /** Drops the oldest frames until no more than this is kept. */
  dropTo(mostMs: Millis): void {
    while (this.#ms > mostMs && this.#oldest < this.#next) {
      this.#ms -= this.#frames.ms[this.#frames.slot(this.#oldest)] ?? 0;
      this.#oldest += 1;
    }
  }

  /** Gives back what the rings have grown by, if what is kept does not need it any more. */
  shrink(): void {
    if (this.#text.length <= USUAL_CHARACTERS || 2 * this.#characters > USUAL_CHARACTERS) return;
    this.#writeAt = this.#moved(0);
    // A phone may send many tiny frames: the usual rings have no room for so many.
    if (this.#next - this.#oldest > USUAL_FRAMES) return;
    this.#frames = this.#frames.copied(USUAL_FRAMES, this.#oldest, this.#next);
  }

  /** The loudness of a frame that is not silence: 1 is the latest, 2 the one before. */
  loudness(back: number): number {
    const slot = this.#frames.slot(this.#next - back);
    const start = this.#frames.start[slot] ?? 0;
    return rmsOfBase64(this.#text, start, start + (this.#frames.length[slot] ?? 0));
  }

  /** The timestamp of the oldest frame that came on a stream; undefined if there is none. */
  firstTimestamp(stream: number): Millis | undefined {
    for (let place = this.#oldest; place < this.#next; place += 1) {
      const slot = this.#frames.slot(place);
      const timestamp = this.#frames.timestamp[slot] ?? Number.NaN;
      if (this.#frames.stream[slot] === stream && !Number.isNaN(timestamp)) return timestamp;
    }
    return undefined;
  }

  /** All that is kept, in order. */
  all(): KeptFrame[] {
    return Array.from({length: this.#next - this.#oldest}, (_, index) => this.#frame(this.#oldest + index));
  }

  #frame(place: number): KeptFrame {
    const slot = this.#frames.slot(place);
    const {start, length, at, timestamp, stream} = this.#frames;
    const ms = this.#frames.ms[slot] ?? 0;
    const came = timestamp[slot] ?? Number.NaN;
    const first = start[slot] ?? 0;
    const isSilence = Number.isNaN(came);
    return {
      payload: isSilence ? silence(ms) : this.#text.toString('latin1', first, first + (length[slot] ?? 0)),
      ms,
      at: at[slot] ?? 0,
      timestamp: isSilence ? undefined : came,
      stream: stream[slot] ?? 0,
    };
  }

  #note(start: number, length: number, ms: Millis, at: Millis, timestamp: Millis, stream: number): void {
    const {size} = this.#frames;
    if (this.#next - this.#oldest === size) this.#frames = this.#frames.copied(2 * size, this.#oldest, this.#next);
    const slot = this.#frames.slot(this.#next);
    this.#frames.start[slot] = start;
    this.#frames.length[slot] = length;
    this.#frames.ms[slot] = ms;
    this.#frames.at[slot] = at;
    this.#frames.timestamp[slot] = timestamp;
    this.#frames.stream[slot] = stream;
    this.#ms += ms;
    this.#next += 1;
  }

  /** Where text of this length is to be written. The text of all that is kept stays where it is, or moves to a new ring. */
  #roomFor(length: number): number {
    const isEmpty = this.#oldest === this.#next;
    const first = isEmpty ? this.#writeAt : (this.#frames.start[this.#frames.slot(this.#oldest)] ?? 0);
    const isWrapped = this.#writeAt < first;
    const end = isWrapped ? first - 1 : this.#text.length;
    if (this.#writeAt + length <= end) return this.#writeAt;
    if (!isWrapped && length < first) return 0;
    return this.#moved(length);
  }

  /** Moves what is kept to a ring that has room for so much more. Returns where that is. */
  #moved(more: number): number {
    const needed = this.#characters + more;
    // Half of it stays free, so that the next frames need no other ring.
    const ample = Math.max(USUAL_CHARACTERS, 2 * needed);
    const text = Buffer.allocUnsafeSlow(needed <= MOST_CHARACTERS ? Math.min(ample, MOST_CHARACTERS) : ample);
    let to = 0;
    for (let place = this.#oldest; place < this.#next; place += 1) {
      const slot = this.#frames.slot(place);
      const [start, length] = [this.#frames.start[slot] ?? 0, this.#frames.length[slot] ?? 0];
      this.#frames.start[slot] = to;
      to += this.#text.copy(text, to, start, start + length);
    }
    this.#text = text;
    return to;
  }

  /** The length of the text of all that is kept. */
  get #characters(): number {
    let characters = 0;
    for (let place = this.#oldest; place < this.#next; place += 1) {
      characters += this.#frames.length[this.#frames.slot(place)] ?? 0;
    }
    return characters;
  }
}

/** What is known of each frame. Silence has no text, and its `timestamp` is NaN. */
class FrameRings {
  readonly size: number;
  /** Where its text begins, and how many characters it has. */
  readonly start: Uint32Array;
  readonly length: Uint32Array;
  /** Eighths of a millisecond, up to a minute: that is exact. */
  readonly ms: Float32Array;
  readonly at: Float64Array;
  readonly timestamp: Float64Array;
  readonly stream: Uint16Array;

  /** `size` is a power of two. */
  constructor(size: number) {
    this.size = size;
    this.start = new Uint32Array(size);
    this.length = new Uint32Array(size);
    this.ms = new Float32Array(size);
    this.at = new Float64Array(size);
    this.timestamp = new Float64Array(size);
    this.stream = new Uint16Array(size);
  }

  slot(place: number): number {
    return place & (this.size - 1);
  }

  /** Rings of another size, with the frames from one place up to, but not including, another. */
  copied(size: number, from: number, to: number): FrameRings {
    const more = new FrameRings(size);
    for (let place = from; place < to; place += 1) {
      const [slot, target] = [this.slot(place), more.slot(place)];
      more.start[target] = this.start[slot] ?? 0;
      more.length[target] = this.length[slot] ?? 0;
      more.ms[target] = this.ms[slot] ?? 0;
      more.at[target] = this.at[slot] ?? 0;
      more.timestamp[target] = this.timestamp[slot] ?? 0;
      more.stream[target] = this.stream[slot] ?? 0;
    }
    return more;
  }
}
