import type {Millis} from '@voicebridge/shared/time.ts';
import {isFatal, type LostCause} from '../model/model-adapter.ts';
import type {Replies} from '../replies/replies.ts';

/** Tries to open a session again, and the pause before each. */
const REOPEN_AFTER_MS = [0, 100, 300, 700, 1_500, 3_000, 3_000];
const SPARE_AGAIN_AFTER_MS = 5_000;

/** What is to be done about the model's sessions. `replace`: the one in use is given up and another is opened. */
export type SessionStep =
  | {readonly do: 'openSpare' | 'dropSpare' | 'useSpare' | 'replace' | 'give-up'}
  | {readonly do: 'reopen'; readonly after: Millis};

/**
 * The model's sessions of one call: the one in use, and a spare that takes its place, between two turns when the first
 * gets old, or at once when it gives the caller no answer. Pure: it only says what is to be done.
 */
export class ModelLifecycle {
  readonly #rotateAfterMs: Millis;
  #inUse: 'opening' | 'ready' | 'lost' = 'opening';
  #spare: 'none' | 'opening' | 'ready' = 'none';
  /** The spare is for an answer that the session in use does not give. */
  #hedging = false;
  #readyAt: Millis = 0;
  #tries = 0;

  /** `rotateAfterMs`: a session older than this is replaced. */
  constructor(rotateAfterMs: Millis) {
    this.#rotateAfterMs = rotateAfterMs;
  }

  /** When a session is to be replaced because of its age. */
  get deadline(): Millis | undefined {
    return this.#inUse === 'ready' && this.#spare === 'none' ? this.#readyAt + this.#rotateAfterMs : undefined;
  }

  get isReady(): boolean {
    return this.#inUse === 'ready';
  }

  ready(at: Millis): void {
    this.#inUse = 'ready';
    this.#readyAt = at;
  }

  /** An answer was said to its end: the model works, and the next loss is the first again. */
  works(): void {
    this.#tries = 0;
  }

  lost(cause: LostCause): SessionStep {
    this.#inUse = 'lost';
    const after = REOPEN_AFTER_MS[this.#tries];
    this.#tries += 1;
    if (after === undefined) return {do: 'give-up'};
    if (this.#spare === 'ready') return {do: 'useSpare'};
    return isFatal(cause) ? {do: 'give-up'} : {do: 'reopen', after};
  }

  spareReady(): void {
    this.#spare = 'ready';
  }

  /** The one in use still works: another is opened after as long as a session should last at most. */
  spareLost(at: Millis): void {
    this.#spare = 'none';
    this.#readyAt = at - this.#rotateAfterMs + SPARE_AGAIN_AFTER_MS;
  }

  spareUsed(at: Millis): void {
    this.#spare = 'none';
    this.#hedging = false;
    this.ready(at);
  }

  /** Time passed. */
  due(at: Millis): SessionStep | undefined {
    if (this.deadline === undefined || at < this.deadline) return undefined;
    this.#spare = 'opening';
    return {do: 'openSpare'};
  }

  /** Whether the spare should take over between two turns. */
  get isRotating(): boolean {
    return this.#spare === 'ready' && !this.#hedging;
  }

  /** A caller who waits in vain for one session's answer gets another's; it is made ready while the first is asked again. */
  answerFrom(session: Replies['session']): SessionStep | undefined {
    if (session === 'same') {
      if (!this.#hedging) return undefined;
      this.#hedging = false;
      this.#spare = 'none';
      return {do: 'dropSpare'};
    }
    if (this.#inUse !== 'ready') return undefined;
    if (session === 'spare') {
      if (this.#spare !== 'none' || this.#hedging) return undefined;
      this.#spare = 'opening';
      this.#hedging = true;
      return {do: 'openSpare'};
    }
    if (this.#spare === 'opening') return undefined;
    if (this.#spare === 'none') this.#inUse = 'opening';
    return {do: this.#spare === 'ready' ? 'useSpare' : 'replace'};
  }
}
