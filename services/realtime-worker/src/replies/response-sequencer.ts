import {type CallEffect, toModel} from '../events/call-effect.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {RecentIds} from './recent-ids.ts';

/** Why the model is asked to speak. */
export type Cause = 'disclosure' | 'greeting' | 'turn' | 'tool' | 'wait' | 'digits' | 'idle' | 'recovery' | 'farewell';

/** Something that the model is asked to say. */
export interface Request {
  readonly cause: Cause;
  /** Replaces the session's instructions for this one response. */
  readonly instructions?: string;
  /**
   * Items that the response must know. Another response that begins when the model has them makes this one unnecessary.
   */
  readonly after?: readonly string[];
  /** The model may call no tool: it must speak. */
  readonly speechOnly?: boolean;
}

type Slot =
  | {readonly state: 'idle'}
  /** The server answers a committed turn by itself; if no response has begun by `until`, it is asked. */
  | {readonly state: 'expected'; readonly until: Millis}
  | {readonly state: 'requested'; readonly tag: string; readonly request: Request; readonly until: Millis}
  /** `responseId` is undefined if the server refused our request because of a response that it has not announced. */
  | {readonly state: 'active'; readonly responseId: string | undefined; readonly request: Request | undefined};

/** A server that answers a turn by itself begins at once: after this time it will not. */
const ANSWERED_WITHIN_MS = 1_500;
/** The longest time from a request to `response.created`. */
const CREATED_WITHIN_MS = 5_000;
/** How often one session is asked for the same thing, unless the caller speaks in between. */
const ASKED_AT_MOST = 2;
/** How many requests are remembered, for responses that begin after they were abandoned; and how many items. */
const REMEMBERED = 16;

/** One `response.create` to send. `tag` goes into its metadata, by which most servers let a response be recognised. */
export interface Create {
  readonly tag: string;
  readonly request: Request;
  /** The server takes no metadata. */
  readonly untagged?: true;
}

/**
 * Keeps one response at a time: OpenAI's server refuses a second `response.create` until `response.done`. While the
 * caller speaks, only what the call begins with is asked for. Pure: every method returns what to send now, if anything.
 *
 *   idle ──want──> requested ──created──> active ──done──> idle
 *     └──turn──> expected ──created──────────^  │
 *                   └──nothing came──> want     └──done, a turn waits──> expected
 *
 * A response is recognised by the tag in its metadata. Some servers of the protocol never return metadata: there the
 * first response after our request is ours (`correlates`).
 */
export class ResponseSequencer {
  #slot: Slot = {state: 'idle'};
  #queue: Request[] = [];
  /** How responses are recognised, as the first response to a request showed. */
  #correlates: 'metadata' | 'order' | undefined;
  #untagged = false;
  readonly #asked = new Map<string, Request>();
  /** How often this session was asked for each since the caller last spoke. */
  #asks = new Map<Request, number>();
  /** Items that the model has, of those that were added last. */
  readonly #added = new RecentIds(REMEMBERED);
  #tags = 0;
  #listening = false;
  /** A turn was committed while a response was in progress: the server has not answered it, or has not said so. */
  #unanswered = false;

  get deadline(): Millis | undefined {
    const slot = this.#slot;
    const isTimed = slot.state === 'expected' || slot.state === 'requested';
    return isTimed && Number.isFinite(slot.until) ? slot.until : undefined;
  }

  /** Whether a response is in progress, expected, requested or waits to be requested. */
  get busy(): boolean {
    return this.#slot.state !== 'idle' || this.#queue.length > 0;
  }

  get state(): Slot['state'] {
    return this.#slot.state;
  }

  want(request: Request, at: Millis): Create | undefined {
    // The result is there: nobody has to be asked to wait for it.
    if (request.cause === 'tool') this.#queue = this.#queue.filter(({cause}) => cause !== 'wait');
    // Two tool results that wait get one answer, which knows both.
    const same = this.#queue.findIndex(({cause}) => cause === request.cause);
    const waiting = this.#queue[same];
    if (waiting) this.#queue[same] = {...request, after: [...(waiting.after ?? []), ...(request.after ?? [])]};
    else if (isFirst(request.cause)) this.#queue.unshift(request);
    else this.#queue.push(request);
    return this.#next(at);
  }

  /** Requests of this kind that wait are not made. */
  withdraw(cause: Cause): void {
    this.#queue = this.#queue.filter(request => request.cause !== cause);
  }

  /** The caller speaks: requests wait, and the answer to the caller may make them unnecessary. */
  callerSpoke(): void {
    this.#listening = true;
    this.#unanswered = false;
    this.#asks.clear();
    if (this.#slot.state === 'expected') this.#slot = {state: 'idle'};
  }

  /** The caller's speech was a turn, and the server will answer it by itself. */
  turnCommitted(at: Millis): void {
    this.#listening = false;
    if (this.#slot.state === 'idle') this.#slot = {state: 'expected', until: at + ANSWERED_WITHIN_MS};
    else this.#unanswered = true;
  }

  /** The caller has stopped, and the server does not answer by itself. */
  listened(at: Millis): Create | undefined {
    this.#listening = false;
    return this.#next(at);
  }

  itemAdded(itemId: string): void {
    this.#added.add(itemId);
  }

  /** A response began. Returns the request it answers, if any. Requests whose items it knows are dropped. */
  created(responseId: string, tag: string | undefined): Request | undefined {
    const request = this.#requestOf(tag);
    const slot = this.#slot;
    if (slot.state === 'requested' && slot.request !== request) this.#queue.unshift(slot.request);
    this.#slot = {state: 'active', responseId, request};
    this.#unanswered = false;
    // Words of ours answer nothing.
    const answers = request?.cause !== 'wait';
    this.#queue = this.#queue.filter(waiting => waiting !== request && !(answers && this.#covers(waiting)));
    return request;
  }

  #requestOf(tag: string | undefined): Request | undefined {
    // It may answer a request that was abandoned and made again.
    const request = tag === undefined ? undefined : this.#asked.get(tag);
    if (request) {
      this.#correlates = 'metadata';
      return request;
    }
    // Without a tag it may also be the server's own answer to a turn.
    if (this.#slot.state !== 'requested' || this.#correlates === 'metadata' || this.#unanswered) return undefined;
    this.#correlates = 'order';
    return this.#slot.request;
  }

  /**
   * The caller does not hear a response that began while they spoke: its request is made again, unless their answer
   * covers it.
   */
  takenBack(responseId: string): void {
    const slot = this.#slot;
    if (slot.state !== 'active' || slot.responseId !== responseId || !slot.request) return;
    this.#queue.unshift(slot.request);
    this.#slot = {...slot, request: undefined};
  }

  /** A response ended. Only the one in the slot frees it: a cancelled one may end after the next has begun. */
  done(responseId: string, at: Millis): Create | undefined {
    if (this.#slot.state === 'active' && (this.#slot.responseId ?? responseId) === responseId) {
      this.#slot = this.#unanswered ? {state: 'expected', until: at + ANSWERED_WITHIN_MS} : {state: 'idle'};
      this.#unanswered = false;
    }
    return this.#next(at);
  }

  /**
   * The server refused a request with `conversation_already_has_active_response`: the slot belongs to a response that
   * it has not announced, and is free when that ends. Without a tag, the refusal is about the only request there is.
   */
  refused(tag: string | undefined): void {
    if (this.#slot.state !== 'requested' || this.#slot.tag !== (tag ?? this.#slot.tag)) return;
    this.#queue.unshift(this.#slot.request);
    this.#asks.delete(this.#slot.request);
    this.#slot = {state: 'active', responseId: undefined, request: undefined};
  }

  /** The server refused a request for another reason. `untagged`: because of its metadata. Returns the request. */
  notCreated(tag: string | undefined, untagged: boolean): Request | undefined {
    const slot = this.#slot;
    if (slot.state !== 'requested' || slot.tag !== (tag ?? slot.tag)) return undefined;
    if (untagged) this.#correlates = 'order';
    this.#untagged ||= untagged;
    this.#slot = {state: 'idle'};
    return slot.request;
  }

  /** Frees the slot without waiting. Returns the request that was in it, and the response to cancel. */
  abandon(): {readonly request: Request | undefined; readonly responseId: string | undefined} {
    const slot = this.#slot;
    this.#slot = {state: 'idle'};
    this.#listening = false;
    this.#unanswered = false;
    if (slot.state === 'requested') return {request: slot.request, responseId: undefined};
    return slot.state === 'active' ? slot : {request: undefined, responseId: undefined};
  }

  /**
   * Another session is in use, in which nothing was requested yet. The open request is made again; so is the one that
   * was being answered, unless some of the answer was `spoken`.
   */
  reset(at: Millis, spoken: boolean): Create | undefined {
    const slot = this.#slot;
    if (slot.state === 'requested' || (slot.state === 'active' && slot.request && !spoken)) {
      if (slot.request) this.#queue.unshift(slot.request);
    }
    this.#slot = {state: 'idle'};
    this.#listening = false;
    this.#unanswered = false;
    this.#asks.clear();
    return this.#next(at);
  }

  time(at: Millis): Create | undefined {
    const slot = this.#slot;
    if ((slot.state === 'expected' || slot.state === 'requested') && at >= slot.until) {
      // The server does not answer: the caller must not wait for it.
      this.#queue.unshift(slot.state === 'requested' ? slot.request : {cause: 'turn'});
      this.#slot = {state: 'idle'};
    }
    return this.#next(at);
  }

  /** Whether a response that begins now makes a request unnecessary. */
  #covers({cause, after}: Request): boolean {
    return !isFirst(cause) && cause !== 'farewell' && (after ?? []).every(id => this.#added.has(id));
  }

  #next(at: Millis): Create | undefined {
    if (this.#slot.state !== 'idle') return undefined;
    this.#queue = this.#queue.filter(request => (this.#asks.get(request) ?? 0) < ASKED_AT_MOST);
    const next = this.#queue.findIndex(({cause}) => !this.#listening || isFirst(cause));
    const request = this.#queue[next];
    if (!request) return undefined;
    this.#queue.splice(next, 1);
    this.#tags += 1;
    const tag = `${request.cause}-${this.#tags}`;
    this.#asked.set(tag, request);
    forgetOldest(this.#asked);
    const asks = (this.#asks.get(request) ?? 0) + 1;
    this.#asks.set(request, asks);
    forgetOldest(this.#asks);
    const until = asks < ASKED_AT_MOST ? at + CREATED_WITHIN_MS : Number.POSITIVE_INFINITY;
    this.#slot = {state: 'requested', tag, request, until};
    return this.#untagged ? {tag, request, untagged: true} : {tag, request};
  }
}

/** What a call begins with: nothing makes it unnecessary, and nobody who speaks meanwhile holds it up. */
function isFirst(cause: Cause): boolean {
  return cause === 'disclosure' || cause === 'greeting';
}

function forgetOldest(map: Map<unknown, unknown>): void {
  for (const oldest of map.keys()) {
    if (map.size <= REMEMBERED) break;
    map.delete(oldest);
  }
}

/** The command that asks the model to speak. */
export function respond({tag, request, untagged}: Create): CallEffect {
  const {instructions, speechOnly} = request;
  return toModel({
    do: 'respond',
    tag,
    ...(instructions === undefined ? {} : {instructions}),
    ...(speechOnly === undefined ? {} : {speechOnly}),
    ...(untagged === undefined ? {} : {untagged}),
  });
}
