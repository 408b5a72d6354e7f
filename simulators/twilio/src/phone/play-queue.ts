import type {Millis} from '@voicebridge/shared/time.ts';
import {BYTES_PER_MS, type PlaybackKnobs, PlayHead} from './play-head.ts';

export {BYTES_PER_MS};

/** More queued audio than ten minutes is thrown away (Twilio error 31931). */
export const QUEUE_LIMIT_MS = 600_000;

/** Two stretches of audio closer than this are one turn of the assistant. */
const SAME_TURN_MS = 500;

/** A stretch of audio played without a break: `played` bytes [from, to), the first of them audible at `at`. */
export interface Segment {
  readonly at: Millis;
  readonly from: number;
  readonly to: number;
}

/** A mark that left the queue: passed by the play head, or returned early because of a clear. */
export interface ReturnedMark {
  readonly name: string;
  readonly enqueuedAt: Millis;
  /** When the play head was exactly there, or the moment of the clear. */
  readonly idealAt: Millis;
  readonly flushed: boolean;
}

interface WaitingMark {
  name: string;
  position: number;
  enqueuedAt: Millis;
}

/**
 * What Twilio does with the audio it gets: a queue of bytes that drains at 8 bytes a millisecond from the moment it is
 * not empty, and never catches up after it ran dry.
 *
 *   0 ────── head (heard) ────── mark ────── tail (received)
 *
 * Positions count the bytes accepted since the stream began, without those that a clear discarded: they are offsets
 * into `played`. A mark returns when the head reaches it, at once if nothing is queued, early if a clear comes.
 */
export class PlayQueue {
  readonly #keepAudio: boolean;
  #chunks: {from: number; bytes: Buffer}[] = [];
  #played: Buffer[] = [];
  #marks: WaitingMark[] = [];
  #segments: {at: Millis; from: number; to: number}[] = [];
  #underruns: {at: Millis; ms: Millis}[] = [];
  readonly #playing: PlayHead;
  #head = 0;
  #tail = 0;
  #turnFrom = 0;
  #afterClear = true; // also true before the first audio: such a silence is no underrun
  #heardUntil: Millis | undefined;
  #now: Millis = -Infinity;

  constructor(keepAudio = true, playback: PlaybackKnobs = {}) {
    this.#keepAudio = keepAudio;
    this.#playing = new PlayHead(playback);
  }

  /** Audio of any size arrives. Returns how many bytes the ten-minute limit threw away. */
  enqueue(bytes: Buffer, at: Millis): {discarded: number; passed: ReturnedMark[]} {
    const passed = this.advance(at);
    const now = this.#now;
    if (bytes.length === 0) return {discarded: 0, passed};
    if (this.#head === this.#tail) this.#startPlaying(now);
    const room = Math.max(0, QUEUE_LIMIT_MS * BYTES_PER_MS - (this.#tail - this.#head));
    const accepted = bytes.length > room ? bytes.subarray(0, room) : bytes;
    if (this.#keepAudio) this.#chunks.push({from: this.#tail, bytes: accepted});
    this.#tail += accepted.length;
    return {discarded: bytes.length - accepted.length, passed};
  }

  /** A mark arrives. It comes back from `advance` or `clear`: from this call, if nothing is queued. */
  mark(name: string, at: Millis): ReturnedMark[] {
    const passed = this.advance(at);
    this.#marks.push({name, position: this.#tail, enqueuedAt: this.#now});
    return [...passed, ...this.advance(at)];
  }

  /** Drops what was not played, also of the chunk that is playing, and returns every waiting mark in order. */
  clear(at: Millis): {discarded: number; returned: ReturnedMark[]} {
    const returned = this.flushMarks(at);
    const discarded = this.#tail - this.#head;
    this.#chunks = [];
    this.#tail = this.#head;
    this.#turnFrom = this.#head;
    this.#afterClear = true;
    return {discarded, returned};
  }

  /** Returns every waiting mark unplayed, in order, although their audio plays on: what a real Twilio should not do. */
  flushMarks(at: Millis): ReturnedMark[] {
    const passed = this.advance(at);
    const flushed = this.#marks.map(({name, enqueuedAt}) => ({name, enqueuedAt, idealAt: this.#now, flushed: true}));
    this.#marks = [];
    return [...passed, ...flushed];
  }

  /** When the first of the waiting marks arrived; never, if none waits. */
  get firstMarkAt(): Millis {
    return this.#marks[0]?.enqueuedAt ?? Infinity;
  }

  /** Lets time pass. Returns the marks that the head has passed, in order. */
  advance(at: Millis): ReturnedMark[] {
    this.#now = Math.max(this.#now, at);
    if (this.#head < this.#tail) this.#play();
    const passed: ReturnedMark[] = [];
    for (let first = this.#marks[0]; first && first.position <= this.#head; first = this.#marks[0]) {
      this.#marks.shift();
      const idealAt = Math.max(first.enqueuedAt, this.#momentOf(first.position));
      passed.push({name: first.name, enqueuedAt: first.enqueuedAt, idealAt, flushed: false});
    }
    return passed;
  }

  /** The next moment at which a mark is passed or the queue runs dry; never, if nothing plays. */
  get dueAt(): Millis {
    if (this.#head === this.#tail) return Infinity;
    return this.#momentOf(this.#marks[0]?.position ?? this.#tail);
  }

  /** Whether the caller hears something now. */
  audible(at: Millis): boolean {
    return this.#head < this.#tail && at < this.#momentOf(this.#tail);
  }

  /** For how long this turn of the assistant has been audible; 0 in silence and after a clear. */
  audibleFor(at: Millis): Millis {
    return this.audible(at) ? Math.max(0, this.#headAt(at) - this.#turnFrom) / BYTES_PER_MS : 0;
  }

  /** The last moment up to `at` at which something was heard. */
  heardUntil(at: Millis): Millis | undefined {
    return this.audible(at) ? at : this.#head < this.#tail ? this.#momentOf(this.#tail) : this.#heardUntil;
  }

  get queuedBytes(): number {
    return this.#tail - this.#head;
  }

  get playedBytes(): number {
    return this.#head;
  }

  get segments(): readonly Segment[] {
    return this.#segments;
  }

  /** Silences inside the assistant's audio that no clear asked for. The pause between two answers is one of them. */
  get underruns(): readonly {readonly at: Millis; readonly ms: Millis}[] {
    return this.#underruns;
  }

  /** Every byte that was really played, in order; empty if audio is not kept. */
  played(): Buffer {
    return Buffer.concat(this.#played);
  }

  /** The last bytes that were played, in order: as many as are asked for and were kept. */
  lastPlayed(bytes: number): Buffer {
    const last: Buffer[] = [];
    let left = bytes;
    for (let at = this.#played.length - 1; at >= 0 && left > 0; at -= 1) {
      const chunk = this.#played[at]?.subarray(-left) ?? Buffer.alloc(0);
      last.unshift(chunk);
      left -= chunk.length;
    }
    return Buffer.concat(last);
  }

  #startPlaying(now: Millis): void {
    const ranDryAt = this.#heardUntil ?? -Infinity;
    const silence = now - ranDryAt;
    if (silence > 0 && !this.#afterClear) this.#underruns.push({at: ranDryAt, ms: silence});
    if (silence >= SAME_TURN_MS) this.#turnFrom = this.#head;
    // Audio that arrives in the very moment the queue ran dry continues the same stretch.
    if (silence > 0 || this.#afterClear || this.#segments.length === 0)
      this.#segments.push({at: now, from: this.#head, to: this.#head});
    this.#playing.start(this.#head, now);
    this.#afterClear = false;
  }

  #play(): void {
    const head = this.#headAt(this.#now);
    this.#heardUntil = head === this.#tail ? this.#momentOf(this.#tail) : this.#now;
    this.#head = head;
    const segment = this.#segments.at(-1);
    if (segment) segment.to = head;
    while (this.#chunks[0] && this.#chunks[0].from < head) {
      const {from, bytes} = this.#chunks[0];
      const end = Math.min(bytes.length, head - from);
      this.#played.push(bytes.subarray(0, end));
      if (end === bytes.length) this.#chunks.shift();
      else this.#chunks[0] = {from: from + end, bytes: bytes.subarray(end)};
    }
  }

  #headAt(at: Millis): number {
    return Math.min(this.#tail, this.#playing.positionAt(at));
  }

  #momentOf(position: number): Millis {
    return this.#playing.momentOf(position);
  }
}
