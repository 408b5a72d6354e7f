import type {EndReason} from '@voicebridge/shared/cdr/call-record.ts';
import {unreachable} from '@voicebridge/shared/errors.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {isFatal, type LostCause} from '../model/model-adapter.ts';
import type {Replies} from '../replies/replies.ts';

/** The pause before each attempt to open a session again. After the last of them the model is given up. */
const REOPEN_AFTER_MS = [0, 100, 300, 700, 1_500, 3_000, 3_000];
/** A spare session that was lost is opened again after this long. */
const SPARE_AGAIN_AFTER_MS = 5_000;

/**
 * The model's session of one call.
 *
 *   opening ──ready──> ready ──lost──> lost ──ready──> ready
 *                        │ ^             └──too often, or for good──> refused
 *                        └─┘ the spare takes its place
 *
 * A spare that is being opened outlives the session beside which it was opened.
 */
type Model =
  | {readonly state: 'opening'; readonly spare: Spare}
  /** `rotateAt`: when the session is too old, and a spare is opened to replace it. */
  | {readonly state: 'ready'; readonly rotateAt: Millis; readonly spare: Spare}
  | {readonly state: 'lost'; readonly spare: Spare}
  | {readonly state: 'refused'; readonly reason: EndReason};

/**
 * A second session, beside the one in use. `purpose`: it replaces a session that is too old at the next turn boundary,
 * or it gives the answer that the session in use does not give.
 */
type Spare =
  | {readonly state: 'none'}
  | {readonly state: 'opening' | 'ready'; readonly purpose: 'rotation' | 'answer'}
  /** The spare for an answer was lost. It is not opened again before `rotateAt`. */
  | {readonly state: 'failed'};

const NO_SPARE: Spare = {state: 'none'};

/** What is to be done about the model's sessions. `replace`: the one in use is given up and another is opened. */
export type SessionStep =
  | {readonly do: 'openSpare' | 'dropSpare' | 'useSpare' | 'replace' | 'give-up'}
  | {readonly do: 'reopen'; readonly after: Millis};

/** Decides when a session of the model is opened, replaced and given up. Pure: it only says what is to be done. */
export class ModelLifecycle {
  readonly #rotateAfterMs: Millis;
  #model: Model = {state: 'opening', spare: NO_SPARE};
  /** Sessions lost in a row. A session that was ready in between counts only once it has given a whole answer. */
  #losses = 0;

  /** `rotateAfterMs`: a session older than this is replaced. */
  constructor(rotateAfterMs: Millis) {
    this.#rotateAfterMs = rotateAfterMs;
  }

  /** When a session is to be replaced because of its age. */
  get deadline(): Millis | undefined {
    const model = this.#model;
    if (model.state !== 'ready') return undefined;
    return model.spare.state === 'none' || model.spare.state === 'failed' ? model.rotateAt : undefined;
  }

  get isReady(): boolean {
    return this.#model.state === 'ready';
  }

  /** Why the model was given up, as the reason for which the call ends; undefined while it is not. */
  get refusal(): EndReason | undefined {
    return this.#model.state === 'refused' ? this.#model.reason : undefined;
  }

  /** The session in use is configured. Does nothing once the model was given up. */
  ready(at: Millis): void {
    if (this.#model.state === 'refused') return;
    this.#model = {state: 'ready', rotateAt: at + this.#rotateAfterMs, spare: this.#model.spare};
  }

  /** An answer was said to its end: the model works, and the next loss is the first again. */
  works(): void {
    this.#losses = 0;
  }

  /** The session in use is lost, or could not be opened. */
  lost(cause: LostCause): SessionStep {
    if (this.#model.state === 'refused') return {do: 'give-up'};
    const {spare} = this.#model;
    const after = REOPEN_AFTER_MS[this.#losses];
    this.#losses += 1;
    if (after === undefined || (isFatal(cause) && spare.state !== 'ready')) {
      this.#model = {state: 'refused', reason: isFatal(cause) ? 'platform.model-refused' : 'platform.model-lost'};
      return {do: 'give-up'};
    }
    this.#model = {state: 'lost', spare};
    return spare.state === 'ready' ? {do: 'useSpare'} : {do: 'reopen', after};
  }

  /** The spare session is configured. */
  spareReady(): void {
    const model = this.#model;
    if (model.state === 'refused') return;
    this.#model = {...model, spare: {state: 'ready', purpose: purposeOf(model.spare)}};
  }

  /** The spare session is lost. The one in use still works: another spare is opened a little later. */
  spareLost(at: Millis): void {
    const model = this.#model;
    if (model.state === 'refused') return;
    const spare: Spare = purposeOf(model.spare) === 'answer' ? {state: 'failed'} : NO_SPARE;
    this.#model = model.state === 'ready' ? {...model, rotateAt: at + SPARE_AGAIN_AFTER_MS, spare} : {...model, spare};
  }

  /** The spare session is the one in use from now on. */
  spareUsed(at: Millis): void {
    this.#model = {state: 'ready', rotateAt: at + this.#rotateAfterMs, spare: NO_SPARE};
  }

  /** The session in use is to be replaced at once: another assistant goes on with the call. */
  renew(): boolean {
    const model = this.#model;
    if (model.state !== 'ready') return false;
    this.#model = {...model, spare: {state: 'opening', purpose: 'rotation'}};
    return true;
  }

  /** Time passed. */
  due(at: Millis): SessionStep | undefined {
    const model = this.#model;
    if (model.state !== 'ready' || this.deadline === undefined || at < this.deadline) return undefined;
    this.#model = {...model, spare: {state: 'opening', purpose: purposeOf(model.spare)}};
    return {do: 'openSpare'};
  }

  /** Whether the spare should take over at the next turn boundary. */
  get isRotating(): boolean {
    const model = this.#model;
    return model.state !== 'refused' && model.spare.state === 'ready' && model.spare.purpose === 'rotation';
  }

  /**
   * The caller waits in vain for an answer, and it is expected from that session. A spare is made ready while the session
   * in use is asked again, and takes its place if that did not help. `same`: no spare is needed for an answer.
   */
  answerFrom(session: Replies['session']): SessionStep | undefined {
    const model = this.#model;
    if (model.state === 'refused') return undefined;
    if (session === 'same') {
      if (purposeOf(model.spare) === 'rotation') return undefined;
      this.#model = {...model, spare: NO_SPARE};
      return {do: 'dropSpare'};
    }
    if (model.state !== 'ready') return undefined;
    const {spare} = model;
    if (session === 'spare') {
      if (spare.state !== 'none') return undefined;
      this.#model = {...model, spare: {state: 'opening', purpose: 'answer'}};
      return {do: 'openSpare'};
    }
    if (spare.state === 'opening') return undefined;
    if (spare.state === 'ready') return {do: 'useSpare'};
    this.#model = {state: 'opening', spare};
    return {do: 'replace'};
  }
}

/** What a spare is for, or the next one would be for. */
function purposeOf(spare: Spare): 'rotation' | 'answer' {
  switch (spare.state) {
    case 'none':
      return 'rotation';
    case 'opening':
    case 'ready':
      return spare.purpose;
    case 'failed':
      return 'answer';
    default:
      return unreachable(spare);
  }
}
