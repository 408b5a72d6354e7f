import type {Millis} from '@voicebridge/shared/time.ts';

/** Why we want the model to speak. */
export type Cause = 'greeting' | 'turn' | 'tool' | 'digits' | 'idle' | 'recovery' | 'retry';

export interface Request {
  readonly cause: Cause;
  /** Replaces the session's instructions for this one response. */
  readonly instructions?: string;
  /** Items that must be in the conversation for this to make sense; a response that began after them covers it. */
  readonly after?: readonly string[];
}

type Slot =
  | {readonly state: 'idle'}
  /** A turn was committed and the server will answer by itself, or says nothing within `until`. */
  | {readonly state: 'expected'; readonly until: Millis}
  | {readonly state: 'requested'; readonly tag: string; readonly request: Request; readonly until: Millis}
  | {readonly state: 'active'; readonly responseId: string | undefined; readonly request: Request | undefined};

/** How long a server may take from a committed turn, or from our request, to `response.created`. */
const CREATED_WITHIN_MS = 5_000;

/** One `response.create` to send; `tag` goes into its metadata, which is the only way to recognise the response. */
export interface Create {
  readonly tag: string;
  readonly request: Request;
}

/**
 * One `response.create` in flight: the server refuses a second one, and frees the slot only with `response.done`.
 * Pure. Every method returns what to send now, if anything.
 */
export class ResponseSequencer {
  #slot: Slot = {state: 'idle'};
  #queue: Request[] = [];
  #tags = 0;
  #added = new Set<string>();

  get deadline(): Millis | undefined {
    return this.#slot.state === 'expected' || this.#slot.state === 'requested' ? this.#slot.until : undefined;
  }

  /** Whether the model speaks or is about to. */
  get busy(): boolean {
    return this.#slot.state !== 'idle' || this.#queue.length > 0;
  }

  want(request: Request, at: Millis): Create | undefined {
    // Two tool results that wait need one answer.
    if (!this.#queue.some(queued => queued.cause === request.cause && request.cause !== 'greeting')) {
      this.#queue.push(request);
    }
    return this.#next(at);
  }

  /** The server will answer the committed turn by itself. */
  turnCommitted(at: Millis): void {
    if (this.#slot.state === 'idle') this.#slot = {state: 'expected', until: at + CREATED_WITHIN_MS};
  }

  itemAdded(itemId: string): void {
    this.#added.add(itemId);
  }

  /** A response began; undefined: it is not ours. Whatever was in the conversation by now needs no answer of its own. */
  created(responseId: string, tag: string | undefined): Request | undefined {
    const ours = this.#slot.state === 'requested' && this.#slot.tag === tag ? this.#slot.request : undefined;
    if (this.#slot.state === 'requested' && !ours) this.#queue.unshift(this.#slot.request);
    this.#slot = {state: 'active', responseId, request: ours};
    this.#queue = this.#queue.filter(
      ({cause, after}) => cause === 'greeting' || !after?.every(id => this.#added.has(id)),
    );
    return ours;
  }

  /** A response ended. Only the one in the slot frees it: a cancelled one may end after its successor began. */
  done(responseId: string, at: Millis): Create | undefined {
    if (this.#slot.state === 'active' && (this.#slot.responseId ?? responseId) === responseId) {
      this.#slot = {state: 'idle'};
    }
    return this.#next(at);
  }

  /** `conversation_already_has_active_response`: the slot was taken by a response we have not heard of yet. */
  refused(tag: string): void {
    if (this.#slot.state !== 'requested' || this.#slot.tag !== tag) return;
    this.#queue.unshift(this.#slot.request);
    this.#slot = {state: 'active', responseId: undefined, request: undefined};
  }

  /** Another session: nothing is in flight there. What was asked for and not answered is asked for again. */
  reset(at: Millis): Create | undefined {
    if (this.#slot.state === 'requested') this.#queue.unshift(this.#slot.request);
    this.#slot = {state: 'idle'};
    return this.#next(at);
  }

  /** The caller speaks: what we wanted to say by ourselves can wait, and is covered by the answer to come. */
  time(at: Millis): Create | undefined {
    const slot = this.#slot;
    if ((slot.state === 'expected' || slot.state === 'requested') && at >= slot.until) {
      if (slot.state === 'requested') this.#queue.unshift(slot.request);
      this.#slot = {state: 'idle'};
    }
    return this.#next(at);
  }

  #next(at: Millis): Create | undefined {
    if (this.#slot.state !== 'idle') return undefined;
    const request = this.#queue.shift();
    if (!request) return undefined;
    this.#tags += 1;
    const tag = `${request.cause}-${this.#tags}`;
    this.#slot = {state: 'requested', tag, request, until: at + CREATED_WITHIN_MS};
    return {tag, request};
  }
}
