import type {Millis} from '@voicebridge/shared/time.ts';

/** μ-law at 8 kHz: eight bytes are one millisecond. */
export const BYTES_PER_MS = 8;

/** What is odd about how a phone plays; without any of it audio plays in real time. */
export interface PlaybackKnobs {
  /** How fast it plays: 0.8 takes 1,250 ms for a second of audio. */
  readonly speed?: number;
  /** It stands still for `ms` when so much of the call's audio was played, or until a clear comes. In order. */
  readonly stalls?: readonly {readonly afterMs: Millis; readonly ms: Millis}[];
}

/** Where the head of a phone's playback is, in bytes since the call began, for as long as there is something to play. */
export class PlayHead {
  readonly #bytesPerMs: number;
  readonly #stalls: readonly {readonly after: number; readonly ms: Millis}[];
  #anchorAt: Millis = -Infinity; // the head was at #anchorPosition at this moment
  #anchorPosition = 0;

  constructor({speed = 1, stalls = []}: PlaybackKnobs) {
    this.#bytesPerMs = BYTES_PER_MS * speed;
    this.#stalls = stalls.map(({afterMs, ms}) => ({after: Math.round(afterMs * BYTES_PER_MS), ms}));
  }

  /** Playback begins at a position. A stall at exactly this place is over. */
  start(position: number, at: Millis): void {
    this.#anchorAt = at;
    this.#anchorPosition = position;
  }

  /** When the head arrives at a position. */
  momentOf(position: number): Millis {
    const stalled = this.#stalls.filter(({after}) => after > this.#anchorPosition && after < position);
    const stood = stalled.reduce((sum, {ms}) => sum + ms, 0);
    return this.#anchorAt + stood + (position - this.#anchorPosition) / this.#bytesPerMs;
  }

  /** Where the head is. The tiny addend keeps a moment computed by division from landing one byte short. */
  positionAt(at: Millis): number {
    let playing = at - this.#anchorAt;
    for (const {after, ms} of this.#stalls) {
      if (after <= this.#anchorPosition) continue;
      const begins = (after - this.#anchorPosition) / this.#bytesPerMs;
      if (playing <= begins) break;
      playing = Math.max(begins, playing - ms);
    }
    return this.#anchorPosition + Math.floor(playing * this.#bytesPerMs + 1e-4);
  }
}
