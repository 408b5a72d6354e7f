import type {FailoverRecord} from '@voicebridge/shared/cdr/call-record.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {type CallEffect, journal} from '../events/call-effect.ts';

type Kind = FailoverRecord['kind'];

/** The owner before, and why it is one no more. */
export interface TakenOver {
  readonly kind: Extract<Kind, 'worker-lost' | 'worker-drained'>;
  readonly from: string | null;
}

interface Pending {
  readonly kind: Kind;
  readonly from: string | null;
  /** On the monotonic clock; undefined while nobody has said when it was. */
  lostAt: Millis | undefined;
}

/** The call's streams, sessions and owners that were replaced by others, and how long the caller could not be heard. */
export class FailoverLog {
  readonly #callTime: (at: Millis) => Millis;
  readonly #worker: string;
  #count: number;
  #owner: Pending | undefined;
  #stream: Pending | undefined;
  #model: Pending | undefined;
  #edge: string | null = null;
  #phoneAt: Millis | undefined;
  #modelReady = false;
  #streamOpen = false;

  /** `since`: milliseconds since the call began. */
  constructor(since: (at: Millis) => Millis, worker: string, count: number, taken?: TakenOver) {
    this.#callTime = since;
    this.#worker = worker;
    this.#count = count;
    if (taken) this.#owner = {...taken, lostAt: undefined};
  }

  /** Something came from the caller's phone. */
  phoneActive(at: Millis): void {
    this.#phoneAt = at;
  }

  /** `sinceStartMs`: so long ago the stream began; `silentMs`: so long ago the owner before was last heard of. */
  streamBegan(edge: string, at: Millis, sinceStartMs: Millis, silentMs: Millis | undefined): CallEffect[] {
    const lost = this.#stream;
    this.#stream = undefined;
    this.#edge = edge;
    this.#streamOpen = true;
    if (this.#owner && silentMs !== undefined) this.#owner.lostAt ??= at - silentMs;
    // What is said before a stream begins is gone; from then on the edge keeps it until somebody listens.
    const effects = lost ? this.#replaced(lost, edge, at - sinceStartMs, at) : [];
    return [...effects, ...this.#ownerIfReady(at)];
  }

  /** `moved`: its edge let it go. The first word about it counts. */
  streamEnded(moved: boolean, at: Millis): void {
    this.#streamOpen = false;
    const kind = moved ? 'edge-drained' : 'edge-lost';
    this.#stream ??= {kind, from: this.#edge, lostAt: Math.min(at, this.#phoneAt ?? at)};
  }

  modelLost(at: Millis): void {
    if (this.#modelReady) this.#model ??= {kind: 'model-lost', from: null, lostAt: at};
    this.#modelReady = false;
  }

  modelReady(at: Millis): CallEffect[] {
    const lost = this.#model;
    this.#model = undefined;
    this.#modelReady = true;
    return [...(lost ? this.#replaced(lost, null, at, at) : []), ...this.#ownerIfReady(at)];
  }

  /** Another session took over between two turns, and nobody could notice. */
  modelRotated(at: Millis): CallEffect[] {
    return this.#model
      ? this.modelReady(at)
      : this.#replaced({kind: 'model-rotated', from: null, lostAt: at}, null, at, at);
  }

  /** The call ends: what was lost and never replaced. Not the stream: that is how calls end. */
  unfinished(at: Millis): CallEffect[] {
    const left = [this.#owner, this.#model].flatMap(each => (each ? [each] : []));
    const to = (each: Pending) => (each === this.#owner ? this.#worker : null);
    return left.flatMap(each => this.#replaced(each, to(each), undefined, at));
  }

  /** A new owner hears the caller when it has both: the stream, and a model to give it to. */
  #ownerIfReady(at: Millis): CallEffect[] {
    const owner = this.#owner;
    if (!owner || !this.#streamOpen || !this.#modelReady) return [];
    this.#owner = undefined;
    return this.#replaced(owner, this.#worker, at, at);
  }

  #replaced({kind, from, lostAt}: Pending, to: string | null, until: Millis | undefined, at: Millis): CallEffect[] {
    const gapMs = lostAt === undefined || until === undefined ? null : Math.max(0, Math.round(until - lostAt));
    const failover = {failover: this.#count, kind, at: this.#callTime(lostAt ?? at), gapMs, from, to};
    this.#count += 1;
    return [journal({is: 'failover', failover})];
  }
}
