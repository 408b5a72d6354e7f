import type {Millis} from '@voicebridge/shared/time.ts';
import {sayExactly} from '../replies/prompts.ts';
import type {Request} from '../replies/response-sequencer.ts';
import type {BackgroundTool} from './tool.ts';

/** A tool that is done within this time is waited for without a word, however slowly the model begins to speak. */
const QUICK: Millis = 200;

/**
 * What a caller is told while a tool runs: the first sentence is heard when it takes longer than `afterMs`, and the next
 * whenever they have heard nothing for so long again. Nothing is said over speech.
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

  /**
   * When the model is to be asked for the next sentence. `audibleUntil`: until when the caller hears something. `leadMs`:
   * how long the model takes to begin.
   */
  dueAt(audibleUntil: Millis, leadMs: Millis): Millis {
    const {afterMs} = this.#waiting;
    const silentSince = this.#said === 0 ? audibleUntil : audibleUntil + afterMs;
    const heardAt = Math.max(this.#since + afterMs, silentSince);
    return heardAt - Math.min(leadMs, Math.max(0, afterMs - QUICK));
  }

  /** The next sentence. */
  next(at: Millis): Request {
    const {say} = this.#waiting;
    const words = say[Math.min(this.#said, say.length - 1)] ?? '';
    this.#said += 1;
    this.#since = at;
    return {
      cause: 'wait',
      instructions: sayExactly(words),
      speechOnly: true,
    };
  }
}
