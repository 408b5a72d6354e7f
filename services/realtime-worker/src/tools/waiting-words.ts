import type {Millis} from '@voicebridge/shared/time.ts';
import type {Request} from '../replies/response-sequencer.ts';
import type {BackgroundTool} from './tool.ts';

/**
 * What a caller is told while a tool runs: the first sentence when it takes longer than `afterMs`, and the next whenever
 * they have heard nothing for so long again. Nothing is said over speech.
 */
export class WaitingWords {
  readonly #waiting: NonNullable<BackgroundTool['waiting']>;
  #said = 0;
  #since: Millis;

  constructor(waiting: NonNullable<BackgroundTool['waiting']>, since: Millis) {
    this.#waiting = waiting;
    this.#since = since;
  }

  /** Whether anything was said. */
  get wasSaid(): boolean {
    return this.#said > 0;
  }

  /** When the next sentence is due. `audibleUntil`: until when the caller hears something. */
  dueAt(audibleUntil: Millis): Millis {
    const silentSince = this.#said === 0 ? audibleUntil : audibleUntil + this.#waiting.afterMs;
    return Math.max(this.#since + this.#waiting.afterMs, silentSince);
  }

  /** The next sentence. */
  next(at: Millis): Request {
    const {say} = this.#waiting;
    const words = say[Math.min(this.#said, say.length - 1)] ?? '';
    this.#said += 1;
    this.#since = at;
    return {
      cause: 'wait',
      instructions: `Say exactly these words, and no others, then stop: "${words}"`,
      speechOnly: true,
    };
  }
}
