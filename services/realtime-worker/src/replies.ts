import type {Millis} from '@voicebridge/shared/time.ts';
import {type CallEffect, toModel} from './call-effect.ts';
import type {ModelEvent} from './model-adapter.ts';
import {earliest} from './earliest.ts';
import {type Create, type Request, ResponseSequencer} from './response-sequencer.ts';

const RETRY_AFTER_MS = 300;
const BUSY = 'conversation_already_has_active_response';
/** Races with what the server does by itself. */
const BENIGN = new Set([BUSY, 'response_cancel_not_active']);

/** The replies we ask the model for: one at a time, once more if one fails, and never silence after that. */
export class Replies {
  readonly #sequencer = new ResponseSequencer();
  readonly #ended = new Set<string>();
  #running: {readonly responseId: string; readonly request: Request | undefined; spoke: boolean} | undefined;
  #failures = 0;
  #retry: {readonly at: Millis; readonly request: Request} | undefined;

  get deadline(): Millis | undefined {
    return earliest(this.#sequencer.deadline, this.#retry?.at);
  }

  /** Whether the model speaks or is about to. */
  get busy(): boolean {
    return this.#sequencer.busy || this.#retry !== undefined;
  }

  want(request: Request, at: Millis): CallEffect[] {
    return asked(this.#sequencer.want(request, at));
  }

  /** Another session: what was asked of the last one, and not a word of it said, is asked again. */
  sessionOpened(at: Millis): CallEffect[] {
    return asked(this.#sequencer.reset(at, this.#running?.spoke ?? false));
  }

  callerSpoke(): void {
    this.#sequencer.callerSpoke();
  }

  /** The caller's turn: the server answers it, or we ask it to. */
  turn(serverResponds: boolean, at: Millis): CallEffect[] {
    this.#retry = undefined; // this turn is answered, and that will do
    if (!serverResponds) return [...this.noTurn(at), ...this.want({cause: 'turn'}, at)];
    this.#sequencer.turnCommitted(at);
    return [];
  }

  /** What the caller said needs no answer. */
  noTurn(at: Millis): CallEffect[] {
    return asked(this.#sequencer.listened(at));
  }

  itemAdded(itemId: string): void {
    this.#sequencer.itemAdded(itemId);
  }

  /** Returns what the response answers, if we asked for it. */
  started(responseId: string, tag: string | undefined): Request | undefined {
    const request = this.#sequencer.created(responseId, tag);
    this.#running = {responseId, request, spoke: false};
    return request;
  }

  /** The caller was speaking when it began: it will not be heard, and is asked for when they have finished. */
  takenBack(responseId: string): void {
    this.#sequencer.takenBack(responseId);
  }

  /** A response is audible: the model works. */
  spoke(responseId: string): void {
    if (this.#running?.responseId === responseId) this.#running.spoke = true;
    this.#failures = 0;
  }

  /** True the first time: a server that says it twice is believed once. */
  isNewEnd(responseId: string): boolean {
    if (this.#ended.has(responseId)) return false;
    this.#ended.add(responseId);
    return true;
  }

  ended({responseId, status, reason}: Extract<ModelEvent, {type: 'responseEnded'}>, at: Millis): CallEffect[] {
    const effects = asked(this.#sequencer.done(responseId, at));
    const running = this.#running?.responseId === responseId ? this.#running : undefined;
    const isSilent = status === 'incomplete' && (reason === 'content_filter' || running?.spoke === false);
    if (status !== 'failed' && !isSilent) return effects;
    effects.push({do: 'warn', what: 'the model gave no answer', code: reason ?? status, detail: ''});
    this.#failures += 1;
    if (this.#failures > 1) {
      return [...effects, {do: 'leave', intent: 'apologise', reason: 'platform.model-lost'}];
    }
    this.#retry = {at: at + RETRY_AFTER_MS, request: running?.request ?? {cause: 'turn'}};
    return effects;
  }

  /** The model refused something. None of it is worth a call. */
  refused({code, message, about}: Extract<ModelEvent, {type: 'refused'}>): CallEffect[] {
    if (about?.startsWith('respond:') && code === BUSY) this.#sequencer.refused(about.slice('respond:'.length));
    if (BENIGN.has(code)) return [];
    return [{do: 'warn', what: `the model refused ${about ?? 'something'}`, code, detail: message}];
  }

  time(at: Millis): CallEffect[] {
    const effects = asked(this.#sequencer.time(at));
    if (!this.#retry || at < this.#retry.at) return effects;
    const {request} = this.#retry;
    this.#retry = undefined;
    return [...effects, ...this.want(request, at)];
  }
}

function asked(create: Create | undefined): CallEffect[] {
  if (!create) return [];
  const {tag, request} = create;
  const {instructions} = request;
  return [toModel({do: 'respond', tag, ...(instructions === undefined ? {} : {instructions})})];
}
