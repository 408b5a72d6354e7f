import {createHash} from 'node:crypto';
import type {Millis} from '@voicebridge/shared/time.ts';
import {bytesPerMs, type AudioFormat} from '../audio/audio-format.ts';

/**
 * Everything a client appended, in order, and the part of it that is not committed yet.
 *
 *   0 ──── committed or cleared ──── bufferStart ──── uncommitted ──── now
 *
 * The time base is the audio itself: bytes divided by the rate of the format they came in.
 */
export class CallerAudio {
  #bytes: Buffer = Buffer.alloc(0);
  #count = 0;
  #positionMs: Millis = 0;
  #bufferStartMs: Millis = 0;
  #formatFrom = {ms: 0, byte: 0, perMs: 8};
  readonly #hash = createHash('sha256');
  readonly #keep: boolean;

  constructor(keep: boolean) {
    this.#keep = keep;
  }

  append(audio: Buffer, format: AudioFormat): void {
    const perMs = bytesPerMs(format);
    if (perMs !== this.#formatFrom.perMs) this.#formatFrom = {ms: this.#positionMs, byte: this.#count, perMs};
    if (this.#keep) this.#store(audio);
    else this.#hash.update(audio);
    this.#count += audio.length;
    this.#positionMs = this.#formatFrom.ms + (this.#count - this.#formatFrom.byte) / perMs;
  }

  /** Milliseconds of audio appended so far. */
  get positionMs(): Millis {
    return this.#positionMs;
  }

  /** Where the uncommitted audio begins, in ms of appended audio. */
  get bufferStartMs(): Millis {
    return this.#bufferStartMs;
  }

  get bufferedMs(): Millis {
    return this.#positionMs - this.#bufferStartMs;
  }

  /** Empties the buffer: what comes next is the next turn. */
  emptyBuffer(): void {
    this.#bufferStartMs = this.#positionMs;
  }

  /** The bytes between two moments; empty if they were not kept. */
  slice(fromMs: Millis, toMs: Millis): Buffer {
    return this.#keep ? Buffer.from(this.#bytes.subarray(this.#byteAt(fromMs), this.#byteAt(toMs))) : Buffer.alloc(0);
  }

  get heardBytes(): number {
    return this.#count;
  }

  heard(): Buffer {
    return this.#bytes.subarray(0, this.#keep ? this.#count : 0);
  }

  sha256(): string {
    return this.#keep ? createHash('sha256').update(this.heard()).digest('hex') : this.#hash.copy().digest('hex');
  }

  #byteAt(ms: Millis): number {
    const {ms: from, byte, perMs} = this.#formatFrom;
    return Math.min(this.#count, Math.max(byte, byte + Math.round((ms - from) * perMs)));
  }

  #store(audio: Buffer): void {
    if (this.#count + audio.length > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(64 * 1024, this.#bytes.length * 2, this.#count + audio.length));
      this.#bytes.copy(larger, 0, 0, this.#count);
      this.#bytes = larger;
    }
    audio.copy(this.#bytes, this.#count);
  }
}
