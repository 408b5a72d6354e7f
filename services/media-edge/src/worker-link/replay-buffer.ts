import type {EdgeToWorker} from '@voicebridge/shared/protocol/edge-to-worker.ts';
import type {Millis} from '@voicebridge/shared/time.ts';

/** How much of the past is kept for a new owner of the call. */
export const REPLAY_WINDOW_MS = 8_000;
/** Of one frame of audio. */
const FRAME_MS = 20;

interface Kept {
  readonly frame: EdgeToWorker;
  readonly at: Millis;
}

/**
 * The last seconds of what came from one caller, in order: audio, returned marks, digits. The next owner of the call
 * gets what the last one may have lost when it died, without the audio of turns that are in the journal already.
 *
 *   ├─ REPLAY_WINDOW_MS: audio, marks ──────┤ unconfirmed: everything ─┤ now
 *
 * A digit that was confirmed is not sent again: a key pressed once must count once.
 */
export class ReplayBuffer {
  #kept: Kept[] = [];
  /** Index of the oldest frame in the window. Frames before it are removed in batches, not one by one. */
  #first = 0;

  push(frame: EdgeToWorker, at: Millis): void {
    this.#kept.push({frame, at});
    while (at - (this.#kept[this.#first]?.at ?? at) > REPLAY_WINDOW_MS) this.#first += 1;
    if (this.#first > 256) {
      this.#kept.splice(0, this.#first);
      this.#first = 0;
    }
  }

  /**
   * What a new owner must be sent. `unconfirmed`: so many of the last frames never reached the owner before; for the
   * first owner of a stream these are all. `settledMs`: audio before it, on the clock of the stream, is in the journal
   * as text.
   */
  since({unconfirmed, settledMs = 0}: {readonly unconfirmed: number; readonly settledMs?: Millis | undefined}) {
    const kept = this.#kept.slice(this.#first);
    const firstLost = Math.max(0, kept.length - unconfirmed);
    const isNeeded = (frame: EdgeToWorker) =>
      frame.kind === 'audio' ? frame.timestamp + FRAME_MS > settledMs : frame.kind !== 'digit';
    return kept.filter(({frame}, place) => place >= firstLost || isNeeded(frame)).map(({frame}) => frame);
  }
}
