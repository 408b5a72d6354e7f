import type {ByteRing} from '@voicebridge/shared/frame-channel/byte-ring.ts';
import {BYTES_PER_MS} from '@voicebridge/shared/protocol/audio.ts';
import type {EdgeToWorker} from '@voicebridge/shared/protocol/edge-to-worker.ts';
import type {Millis} from '@voicebridge/shared/time.ts';

/** Of audio in one message, which replaces fifty frames. */
const LONGEST_MS = 1_000;
/** Timestamps of a carrier vary by a millisecond or two. A larger distance is a gap, which must be kept. */
const TOLERANCE_MS = 5;

/**
 * What a new owner of a call is sent again, in order. Consecutive audio is joined into pieces of up to a second: eight seconds
 * would otherwise be 400 messages for each call of a dead worker, all at the same moment. The audio is read from the ring in
 * which it was kept; nothing is made for a single frame.
 */
export class Replay {
  readonly #ring: ByteRing;
  readonly #frames: EdgeToWorker[] = [];
  /** Where the text of each frame of the piece is in the ring, and how long it is, one after the other. */
  #piece: number[] = [];
  #startsAt: Millis = 0;
  #endsAt: Millis = 0;
  #ms: Millis = 0;

  constructor(ring: ByteRing) {
    this.#ring = ring;
  }

  /** Adds base64 μ-law audio of `ms` whose text is in the ring. `timestamp`: on the clock of the stream. */
  addAudio(timestamp: Millis, ms: Millis, position: number, length: number): void {
    const fits = Math.abs(timestamp - this.#endsAt) <= TOLERANCE_MS && timestamp + ms - this.#startsAt <= LONGEST_MS;
    if (!fits) this.#flush();
    if (this.#piece.length === 0) this.#startsAt = timestamp;
    this.#piece.push(position, length);
    this.#endsAt = timestamp + ms;
    this.#ms += ms;
  }

  addControl(frame: Exclude<EdgeToWorker, {kind: 'audio'}>): void {
    this.#flush();
    this.#frames.push(frame);
  }

  end(): EdgeToWorker[] {
    this.#flush();
    return this.#frames;
  }

  #flush(): void {
    const [position, length] = this.#piece;
    if (position === undefined || length === undefined) return;
    const payload = this.#piece.length === 2 ? this.#ring.text(position, length) : this.#joined();
    this.#frames.push({kind: 'audio', timestamp: this.#startsAt, payload});
    this.#piece = [];
    this.#ms = 0;
  }

  /** The texts of the piece as one. Each may end with padding, so they are decoded. */
  #joined(): string {
    const bytes = Buffer.allocUnsafe(Math.ceil(this.#ms * BYTES_PER_MS));
    let end = 0;
    for (let at = 0; at < this.#piece.length; at += 2) {
      end += bytes.write(this.#ring.text(this.#piece[at] ?? 0, this.#piece[at + 1] ?? 0), end, 'base64');
    }
    return bytes.toString('base64', 0, end);
  }
}
