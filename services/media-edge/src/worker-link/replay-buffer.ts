import type {EdgeToWorker} from '@voicebridge/shared/protocol/edge-to-worker.ts';
import type {Millis} from '@voicebridge/shared/time.ts';

/** How far back a new owner of a call can be told what the caller said. */
export const REPLAY_MS = 8_000;
/** Of a frame of audio, as Twilio cuts it. */
const FRAME_MS = 20;
interface Kept {
  readonly frame: EdgeToWorker;
  readonly at: Millis;
}

/**
 * The last seconds of what came from one caller, in order: audio, returned marks, digits. It is what a call's next
 * owner gets that its last owner took to the grave. What a committed turn has settled is left out.
 *
 *   ├─ REPLAY_MS: audio, marks ──────┤ unconfirmed: everything ─┤ now
 *
 * A digit that was confirmed is never told twice: pressed once, it must count once.
 */
export class ReplayBuffer {
  #kept: Kept[] = [];
  /** Index of the oldest frame that still counts; what is before it is dropped now and then, not frame by frame. */
  #first = 0;

  push(frame: EdgeToWorker, at: Millis): void {
    this.#kept.push({frame, at});
    while (at - (this.#kept[this.#first]?.at ?? at) > REPLAY_MS) this.#first += 1;
    if (this.#first > 256) {
      this.#kept.splice(0, this.#first);
      this.#first = 0;
    }
  }

  /**
   * What a new owner must hear, if the last `unconfirmed` frames never reached the one before it; for the first owner
   * of a stream these are all. What was said before `settledMs` on the clock of the stream it knows in words.
   */
  since({unconfirmed, settledMs = 0}: {readonly unconfirmed: number; readonly settledMs?: Millis | undefined}) {
    const kept = this.#kept.slice(this.#first);
    const firstLost = Math.max(0, kept.length - unconfirmed);
    const isNews = (frame: EdgeToWorker) =>
      frame.kind === 'audio' ? frame.timestamp + FRAME_MS > settledMs : frame.kind !== 'digit';
    return kept.filter(({frame}, place) => place >= firstLost || isNews(frame)).map(({frame}) => frame);
  }
}
