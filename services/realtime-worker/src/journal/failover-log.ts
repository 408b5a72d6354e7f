import type {FailoverRecord} from '@voicebridge/shared/cdr/call-record.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {type CallEffect, journal} from '../events/call-effect.ts';

type Kind = FailoverRecord['kind'];

/** The previous owner of the call, and why the call moved. */
export interface TakenOver {
  readonly kind: Extract<Kind, 'worker-lost' | 'worker-drained'>;
  readonly from: string | null;
}

interface Pending {
  readonly kind: Kind;
  readonly from: string | null;
  /** On the monotonic clock; undefined while the moment of the loss is not known. */
  lostAt: Millis | undefined;
}

/** Records each replacement of the call's stream, model session or owner, and how long the caller's audio was cut off. */
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

  /** `callTime`: milliseconds since the call began, at a moment of this worker's clock. `count`: failovers so far. */
  constructor(callTime: (at: Millis) => Millis, worker: string, count: number, taken?: TakenOver) {
    this.#callTime = callTime;
    this.#worker = worker;
    this.#count = count;
    if (taken) this.#owner = {...taken, lostAt: undefined};
  }

  /** A frame or a mark came from the caller's phone. */
  phoneActive(at: Millis): void {
    this.#phoneAt = at;
  }

  /** `sinceStartMs`: how long ago the stream began. `silentMs`: how long ago the edge last heard from the previous owner. */
  streamBegan(edge: string, at: Millis, sinceStartMs: Millis, silentMs: Millis | undefined): CallEffect[] {
    const lost = this.#stream;
    this.#stream = undefined;
    this.#edge = edge;
    this.#streamOpen = true;
    if (this.#owner && silentMs !== undefined) this.#owner.lostAt ??= at - silentMs;
    // Audio before the stream began is lost; from then on the edge keeps it until a worker listens.
    const effects = lost ? this.#replaced(lost, edge, at - sinceStartMs, at) : [];
    return [...effects, ...this.#ownerIfReady(at)];
  }

  /** `moved`: its edge was drained; otherwise it was lost. Only the first report of one loss counts. */
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

  /** A spare session took over between two turns, without a gap. */
  modelRotated(at: Millis): CallEffect[] {
    return this.#model
      ? this.modelReady(at)
      : this.#replaced({kind: 'model-rotated', from: null, lostAt: at}, null, at, at);
  }

  /** The call ends: records an owner or a session that was lost and not replaced. A lost stream is how calls end. */
  unfinished(at: Millis): CallEffect[] {
    const left = [this.#owner, this.#model].flatMap(each => (each ? [each] : []));
    const to = (each: Pending) => (each === this.#owner ? this.#worker : null);
    return left.flatMap(each => this.#replaced(each, to(each), undefined, at));
  }

  /** A failover of the owner is over when the new owner has both a stream and a model session that is ready. */
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
