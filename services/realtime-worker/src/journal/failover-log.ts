import type {FailoverRecord} from '@voicebridge/shared/cdr/call-record.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {type CallEffect, journal} from '../events/call-effect.ts';

type Kind = FailoverRecord['kind'];

/** The previous owner of the call, and why the call moved. */
export interface TakenOver {
  readonly kind: Extract<Kind, 'worker-lost' | 'worker-drained'>;
  readonly from: string | null;
}

/** A stream, session or owner that is lost and not yet replaced. */
interface Loss {
  readonly kind: Kind;
  readonly from: string | null;
  /** On the monotonic clock; undefined while the moment of the loss is not known. */
  readonly lostAt: Millis | undefined;
}

type Stream =
  | {readonly state: 'none'}
  | {readonly state: 'open'; readonly edge: string}
  | {readonly state: 'lost'; readonly loss: Loss};

type Model = {readonly state: 'none' | 'ready'} | {readonly state: 'lost'; readonly loss: Loss};

/** Records each replacement of the call's stream, model session or owner, and how long the caller's audio was cut off. */
export class FailoverLog {
  readonly #callTime: (at: Millis) => Millis;
  readonly #worker: string;
  #count: number;
  /** The previous owner, until this one has a stream and a model session. */
  #owner: Loss | undefined;
  #stream: Stream = {state: 'none'};
  #model: Model = {state: 'none'};

  /** `callTime`: milliseconds since the call began, at a moment of this worker's clock. `count`: failovers so far. */
  constructor(callTime: (at: Millis) => Millis, worker: string, count: number, taken?: TakenOver) {
    this.#callTime = callTime;
    this.#worker = worker;
    this.#count = count;
    if (taken) this.#owner = {...taken, lostAt: undefined};
  }

  /** `sinceStartMs`: how long ago the stream began. `silentMs`: how long ago the edge last heard from the previous owner. */
  streamBegan(edge: string, at: Millis, sinceStartMs: Millis, silentMs: Millis | undefined): CallEffect[] {
    const before = this.#stream;
    this.#stream = {state: 'open', edge};
    if (this.#owner && silentMs !== undefined) {
      this.#owner = {...this.#owner, lostAt: this.#owner.lostAt ?? at - silentMs};
    }
    // Audio before the stream began is lost; from then on the edge keeps it until a worker listens.
    const effects = before.state === 'lost' ? this.#replaced(before.loss, edge, at - sinceStartMs, at) : [];
    return [...effects, ...this.#ownerIfReady(at)];
  }

  /**
   * `moved`: its edge was drained; otherwise it was lost. `lastAt`: when anything last came from the caller's phone. Only
   * the first report of one loss counts.
   */
  streamEnded(moved: boolean, lastAt: Millis): void {
    if (this.#stream.state === 'lost') return;
    const from = this.#stream.state === 'open' ? this.#stream.edge : null;
    this.#stream = {state: 'lost', loss: {kind: moved ? 'edge-drained' : 'edge-lost', from, lostAt: lastAt}};
  }

  /** The session in use is lost. Does nothing if none was ready since the last loss. */
  modelLost(at: Millis): void {
    if (this.#model.state !== 'ready') return;
    this.#model = {state: 'lost', loss: {kind: 'model-lost', from: null, lostAt: at}};
  }

  modelReady(at: Millis): CallEffect[] {
    const before = this.#model;
    this.#model = {state: 'ready'};
    const effects = before.state === 'lost' ? this.#replaced(before.loss, null, at, at) : [];
    return [...effects, ...this.#ownerIfReady(at)];
  }

  /** A spare session took over: between two turns, without a gap, or in place of one that was lost. */
  modelRotated(at: Millis): CallEffect[] {
    if (this.#model.state === 'lost') return this.modelReady(at);
    return this.#replaced({kind: 'model-rotated', from: null, lostAt: at}, null, at, at);
  }

  /** The call ends: records an owner or a session that was lost and not replaced. A lost stream is how calls end. */
  unfinished(at: Millis): CallEffect[] {
    const owner = this.#owner ? this.#replaced(this.#owner, this.#worker, undefined, at) : [];
    return this.#model.state === 'lost' ? [...owner, ...this.#replaced(this.#model.loss, null, undefined, at)] : owner;
  }

  /** A failover of the owner is over when the new owner has both a stream and a model session that is ready. */
  #ownerIfReady(at: Millis): CallEffect[] {
    const owner = this.#owner;
    if (!owner || this.#stream.state !== 'open' || this.#model.state !== 'ready') return [];
    this.#owner = undefined;
    return this.#replaced(owner, this.#worker, at, at);
  }

  #replaced({kind, from, lostAt}: Loss, to: string | null, until: Millis | undefined, at: Millis): CallEffect[] {
    const gapMs = lostAt === undefined || until === undefined ? null : Math.max(0, Math.round(until - lostAt));
    const failover = {failover: this.#count, kind, at: this.#callTime(lostAt ?? at), gapMs, from, to};
    this.#count += 1;
    return [journal({is: 'failover', failover})];
  }
}
