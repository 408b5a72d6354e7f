import type {Millis} from '@voicebridge/shared/time.ts';
import {RecentIds} from './recent-ids.ts';

/** Why we want the model to speak. */
export type Cause = 'greeting' | 'turn' | 'tool' | 'digits' | 'idle' | 'recovery' | 'farewell';

export interface Request {
  readonly cause: Cause;
  /** Replaces the session's instructions for this one response. */
  readonly instructions?: string;
  /** Items that must be in the conversation for this to make sense; a response that began after them covers it. */
  readonly after?: readonly string[];
  /** The model may call no tool: it must speak. */
  readonly speechOnly?: boolean;
}

type Slot =
  | {readonly state: 'idle'}
  /** The server answers a committed turn by itself; if nothing comes until then, we ask. */
  | {readonly state: 'expected'; readonly until: Millis}
  | {readonly state: 'requested'; readonly tag: string; readonly request: Request; readonly until: Millis}
  /** `responseId` is unknown when all we know is that the server refused ours for another. */
  | {readonly state: 'active'; readonly responseId: string | undefined; readonly request: Request | undefined};

/** A server answers a turn in the moment it is committed, or never. */
const ANSWERED_WITHIN_MS = 1_500;
/** How long a server may take from our request to `response.created`. */
const CREATED_WITHIN_MS = 5_000;
/** One session is not asked for the same thing a third time unless the caller has spoken in between. */
const ASKED_AT_MOST = 2;
/** So many of our requests are remembered, for a response that comes after we gave it up, and so many items. */
const REMEMBERED = 16;

/** One `response.create` to send. `tag` goes into its metadata, by which most servers let a response be recognised. */
export interface Create {
  readonly tag: string;
  readonly request: Request;
  /** The server takes no metadata. */
  readonly untagged?: true;
}

/**
 * One `response.create` in flight: the server refuses a second one, and frees the slot only with `response.done`.
 * Nothing but a greeting is asked for while the caller speaks. Pure: every method returns what to send now, if anything.
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
  /** Learnt from the first response to a request of ours. */
  #correlates: 'metadata' | 'order' | undefined;
  #untagged = false;
  readonly #asked = new Map<string, Request>();
  /** How often this session was asked for each since the caller last spoke. */
  #asks = new Map<Request, number>();
  /** Items that the model has, of those that were added last. */
  readonly #added = new RecentIds(REMEMBERED);
  #tags = 0;
  #listening = false;
  /** A turn was committed while a response was in progress: the server could not answer it, or did so unseen. */
  #unanswered = false;

  get deadline(): Millis | undefined {
    const slot = this.#slot;
    const isTimed = slot.state === 'expected' || slot.state === 'requested';
    return isTimed && Number.isFinite(slot.until) ? slot.until : undefined;
  }

  /** Whether the model speaks or is about to. */
  get busy(): boolean {
    return this.#slot.state !== 'idle' || this.#queue.length > 0;
  }

  get state(): Slot['state'] {
    return this.#slot.state;
  }

  want(request: Request, at: Millis): Create | undefined {
    // Two tool results that wait need one answer, after both.
    const same = this.#queue.findIndex(({cause}) => cause === request.cause);
    const waiting = this.#queue[same];
    if (waiting) this.#queue[same] = {...request, after: [...(waiting.after ?? []), ...(request.after ?? [])]};
    else this.#queue.push(request);
    return this.#next(at);
  }

  /** The caller speaks: what we wanted to say can wait, and may be covered by the answer to come. */
  callerSpoke(): void {
    this.#listening = true;
    this.#unanswered = false;
    this.#asks.clear();
    if (this.#slot.state === 'expected') this.#slot = {state: 'idle'};
  }

  /** What the caller said was a turn, and the server will answer it by itself. */
  turnCommitted(at: Millis): void {
    this.#listening = false;
    if (this.#slot.state === 'idle') this.#slot = {state: 'expected', until: at + ANSWERED_WITHIN_MS};
    else this.#unanswered = true;
  }

  /** What the caller said is over, and the server answers nothing by itself. */
  listened(at: Millis): Create | undefined {
    this.#listening = false;
    return this.#next(at);
  }

  itemAdded(itemId: string): void {
    this.#added.add(itemId);
  }

  /** A response began. Returns what it answers, if it is ours; whatever was in the conversation by now is covered. */
  created(responseId: string, tag: string | undefined): Request | undefined {
    const request = this.#requestOf(tag);
    const slot = this.#slot;
    if (slot.state === 'requested' && slot.request !== request) this.#queue.unshift(slot.request);
    this.#slot = {state: 'active', responseId, request};
    this.#unanswered = false;
    this.#queue = this.#queue.filter(waiting => waiting !== request && !this.#covers(waiting));
    return request;
  }

  #requestOf(tag: string | undefined): Request | undefined {
    // It may be one that we gave up waiting for, and asked for again.
    const request = tag === undefined ? undefined : this.#asked.get(tag);
    if (request) {
      this.#correlates = 'metadata';
      return request;
    }
    // The server may be answering a turn by itself while ours waits.
    if (this.#slot.state !== 'requested' || this.#correlates === 'metadata' || this.#unanswered) return undefined;
    this.#correlates = 'order';
    return this.#slot.request;
  }

  /** What began was not wanted any more at that moment: it is wanted again, unless the answer to the caller covers it. */
  takenBack(responseId: string): void {
    const slot = this.#slot;
    if (slot.state !== 'active' || slot.responseId !== responseId || !slot.request) return;
    this.#queue.unshift(slot.request);
    this.#slot = {...slot, request: undefined};
  }

  /** A response ended. Only the one in the slot frees it: a cancelled one may end after its successor began. */
  done(responseId: string, at: Millis): Create | undefined {
    if (this.#slot.state === 'active' && (this.#slot.responseId ?? responseId) === responseId) {
      this.#slot = this.#unanswered ? {state: 'expected', until: at + ANSWERED_WITHIN_MS} : {state: 'idle'};
      this.#unanswered = false;
    }
    return this.#next(at);
  }

  /**
   * `conversation_already_has_active_response`: the slot is taken by a response that we have not heard of yet, and free
   * again when that ends. Some servers do not say which request they refused: there is only one.
   */
  refused(tag: string | undefined): void {
    if (this.#slot.state !== 'requested' || this.#slot.tag !== (tag ?? this.#slot.tag)) return;
    this.#queue.unshift(this.#slot.request);
    this.#asks.delete(this.#slot.request);
    this.#slot = {state: 'active', responseId: undefined, request: undefined};
  }

  /** The server refused our request for good. `untagged`: because of its metadata. Returns what was asked for. */
  notCreated(tag: string | undefined, untagged: boolean): Request | undefined {
    const slot = this.#slot;
    if (slot.state !== 'requested' || slot.tag !== (tag ?? slot.tag)) return undefined;
    if (untagged) this.#correlates = 'order';
    this.#untagged ||= untagged;
    this.#slot = {state: 'idle'};
    return slot.request;
  }

  /** Whatever is in the slot is not waited for any longer. Returns what was asked for, and the response to cancel. */
  abandon(): {readonly request: Request | undefined; readonly responseId: string | undefined} {
    const slot = this.#slot;
    this.#slot = {state: 'idle'};
    this.#listening = false;
    this.#unanswered = false;
    if (slot.state === 'requested') return {request: slot.request, responseId: undefined};
    return slot.state === 'active' ? slot : {request: undefined, responseId: undefined};
  }

  /**
   * Another session: nothing is in flight there. What was asked for is asked for again, also what was being answered
   * if not a word of it was `spoken`.
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
      // A caller must not wait for an answer that nobody gives.
      this.#queue.unshift(slot.state === 'requested' ? slot.request : {cause: 'turn'});
      this.#slot = {state: 'idle'};
    }
    return this.#next(at);
  }

  /** A response that begins now answers this too. */
  #covers({cause, after}: Request): boolean {
    return cause !== 'greeting' && cause !== 'farewell' && (after ?? []).every(id => this.#added.has(id));
  }

  #next(at: Millis): Create | undefined {
    if (this.#slot.state !== 'idle') return undefined;
    this.#queue = this.#queue.filter(request => (this.#asks.get(request) ?? 0) < ASKED_AT_MOST);
    const next = this.#queue.findIndex(({cause}) => !this.#listening || cause === 'greeting');
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

function forgetOldest(map: Map<unknown, unknown>): void {
  for (const oldest of map.keys()) {
    if (map.size <= REMEMBERED) break;
    map.delete(oldest);
  }
}
