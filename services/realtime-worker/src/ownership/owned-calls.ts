import {background, type Log} from '@voicebridge/shared/observability/log.ts';
import type {NotTaking} from '@voicebridge/shared/observability/metric-labels.ts';
import type {Metrics} from '@voicebridge/shared/observability/metrics.ts';
import type {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import type {ToldCall} from '@voicebridge/shared/protocol/operator-desk.ts';
import type {WorkerRequest} from '@voicebridge/shared/protocol/worker-rpc.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {CallAssistants} from '../assistants/call-assistants.ts';
import type {CallDeps} from '../call-session/call-deps.ts';
import type {CallSession} from '../call-session/call-session.ts';
import type {FinishedCall} from '../cdr/send-cdr.ts';
import type {JournalEntry} from '../events/journal-entry.ts';
import {ModelStarts} from './model-starts.ts';
import {type Reply, takeCall, type TakeRequest} from './take-call.ts';

/** Nobody waits for an answer about a call as long as this, apart from a worker that hands a call over. */
const LONG_PAUSE: Millis = 3_000;
/** After a pause everything that was asked meanwhile has been read by then. */
const INBOX_READ_WITHIN: Millis = 500;

export interface OwnedCallsOptions {
  /** The most calls at a time. */
  readonly capacity: number;
  /** Why no new call is taken for now though there are places; undefined: they are taken. */
  readonly notTaking?: () => NotTaking | undefined;
  readonly assistants: CallAssistants;
  readonly callDeps: CallDeps;
  /** A call ended here: its record is to be sent. Must not reject. */
  readonly onFinished: (call: FinishedCall) => Promise<void>;
  readonly metrics: Metrics;
  readonly log: Log;
}

/**
 * The calls of this worker: takes them up to its capacity, and answers what edges, webhooks and other workers ask about
 * them. A call counts from the moment it is being taken, and once.
 */
export class OwnedCalls {
  readonly #options: OwnedCallsOptions;
  readonly #calls = new Map<CallSid, CallSession>();
  /** Calls that are being taken, each with the answer to come. */
  readonly #taking = new Map<CallSid, {readonly epoch: number; readonly reply: Promise<Reply>}>();
  /** Calls that were taken and begin when it is known who answers. */
  readonly #coming = new Map<CallSid, {readonly epoch: number; readonly session: Promise<CallSession | undefined>}>();
  readonly #starts: ModelStarts;
  #isDraining = false;
  #emptied = Promise.withResolvers<void>();

  constructor(options: OwnedCallsOptions) {
    this.#options = options;
    this.#starts = new ModelStarts(options.callDeps.clock, options.log);
    options.metrics.callsCapacity.set(options.capacity);
  }

  /** How many there are, those being taken included. */
  get count(): number {
    return new Set([...this.#calls.keys(), ...this.#taking.keys(), ...this.#coming.keys()]).size;
  }

  get isFull(): boolean {
    return this.count >= this.#options.capacity;
  }

  /** No call is taken any more. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  has(callSid: CallSid): boolean {
    return this.#calls.has(callSid) || this.#taking.has(callSid) || this.#coming.has(callSid);
  }

  /** Answers a question to this worker. Rejects if what was asked for failed; see `openWorkerServer`. */
  async handle(request: WorkerRequest): Promise<Reply> {
    if (request.type === 'take') return await this.#take(request);
    const call = this.#calls.get(request.callSid) ?? (await this.#coming.get(request.callSid)?.session);
    if (!call) return {answer: 'unknown', epoch: 0};
    if (request.type === 'end') call.end(request.why, request.away);
    else if (request.type === 'answered-by') call.answeredBy(request.by);
    else if (request.epoch < call.epoch) return {answer: 'taken', epoch: call.epoch};
    else await call.attach(request.streamSid, request.edge, request.epoch);
    return {answer: 'yes', epoch: call.epoch};
  }

  /** The calls in progress as operators see them, the oldest first. `allow`: TRANSFER_ALLOW. */
  active(allow: readonly string[]): ToldCall[] {
    return [...this.#calls.values()].map(call => ({...call.active, transferTo: call.transferTo(allow)}));
  }

  /** What happened in a call so far; undefined: it is not here. */
  entriesOf(callSid: CallSid): readonly JournalEntry[] | undefined {
    return this.#calls.get(callSid)?.entries;
  }

  /** An operator ends a call; one that is not here has ended, or is somewhere else. */
  hangUp(callSid: CallSid): void {
    this.#calls.get(callSid)?.end('operator.hung-up');
  }

  /** An operator sends the caller of a call to a person. False: they may not be sent there. */
  transfer(callSid: CallSid, to: string, allow: readonly string[]): boolean {
    return this.#calls.get(callSid)?.transfer(to, allow) ?? true;
  }

  /** Takes no more calls from now on. */
  startDraining(): void {
    this.#isDraining = true;
    this.#options.metrics.draining.set(1);
  }

  /** Hands every call over at its next turn boundary. Resolves when none is left. */
  async handOverAll(): Promise<void> {
    this.#emptied = Promise.withResolvers();
    this.#countChanged();
    for (const call of this.#calls.values()) call.drain();
    await this.#emptied.promise;
  }

  /** Leaves every call at once: it goes on with another worker, or it ends. Resolves when none is left here. */
  async leaveAll({isTakenOver}: {readonly isTakenOver: boolean}): Promise<void> {
    // A call that is being taken becomes ours a moment later.
    await Promise.allSettled([...this.#taking.values()].map(({reply}) => reply));
    await Promise.all([...this.#coming.values()].map(({session}) => session));
    const left = [...this.#calls.values()];
    for (const call of left) {
      if (isTakenOver) call.release('this worker ends');
      else call.end('platform.drained');
    }
    await Promise.all(left.map(call => call.outcome));
  }

  async #take(request: TakeRequest): Promise<Reply> {
    const {callSid, epoch} = request;
    const owned = this.#calls.get(callSid);
    if (owned && owned.epoch > epoch) return {answer: 'taken', epoch: owned.epoch};
    const coming = this.#coming.get(callSid);
    if (coming && coming.epoch > epoch) return {answer: 'taken', epoch: coming.epoch};
    // Asked again before the first answer: one place, one model session, and the same answer.
    const first = this.#taking.get(callSid);
    if (first?.epoch === epoch) return await first.reply;
    if (this.#isDraining) return {answer: 'draining', epoch};
    // Not `full`: whoever asks only now is to ask again, a moment later.
    if (request.cause !== 'worker-lost' && this.#hasJustWoken) return {answer: 'unknown', epoch};
    if (!first && !owned && (this.isFull || this.#isRefused(request.cause))) return {answer: 'full', epoch};
    const taking = {epoch, reply: this.#takeOnce(request, owned)};
    this.#taking.set(callSid, taking);
    this.#countChanged();
    try {
      return await taking.reply;
    } finally {
      if (this.#taking.get(callSid) === taking) this.#taking.delete(callSid);
      this.#countChanged();
    }
  }

  /** A call that has lost its owner is taken without a model, too: it can be told why it ends, and moved on later. */
  #isRefused(cause: TakeRequest['cause']): boolean {
    const why = this.#options.notTaking?.();
    return why === 'descriptors' || (why === 'model' && cause === 'new');
  }

  /** What is in the inbox now was asked long ago: whoever asked has asked another worker, or told the caller that all are busy. */
  get #hasJustWoken(): boolean {
    const {pauses, clock} = this.#options.callDeps;
    const pause = pauses.last;
    return pause !== undefined && pause.ms >= LONG_PAUSE && clock.now() - pause.until < INBOX_READ_WITHIN;
  }

  async #takeOnce(request: TakeRequest, owned: CallSession | undefined): Promise<Reply> {
    const {assistants, callDeps, metrics, log} = this.#options;
    const taken = request.cause === 'worker-lost' ? this.#starts.taking() : undefined;
    const {reply, session, coming} = await takeCall(request, assistants, callDeps).catch((thrown: unknown) => {
      taken?.(undefined);
      throw thrown;
    });
    if (taken) taken(session);
    else if (session) background(session.startModel(), log, 'starting a model session');
    if (coming) this.#await(request.callSid, reply.epoch, coming);
    if (session) {
      // Counted here: the draining worker exits before its metrics are read. Takeovers from a dead worker are counted by the edge.
      if (request.cause === 'worker-drained') metrics.takeoversTotal.inc({cause: request.cause});
      owned?.release('taken again by ourselves');
      background(this.#hold(session), log, 'holding a call');
    }
    return reply;
  }

  /** Keeps the place of a call until it begins. */
  #await(callSid: CallSid, epoch: number, session: Promise<CallSession | undefined>): void {
    const {log} = this.#options;
    const begun = session.then(call => {
      this.#coming.delete(callSid);
      this.#countChanged();
      if (!call) return call;
      background(call.startModel(), log, 'starting a model session');
      background(this.#hold(call), log, 'holding a call');
      return call;
    });
    this.#coming.set(callSid, {epoch, session: begun});
  }

  async #hold(call: CallSession): Promise<void> {
    const {callSid} = call;
    this.#calls.set(callSid, call);
    this.#countChanged();
    if (this.#isDraining) call.drain();
    const outcome = await call.outcome;
    if (this.#calls.get(callSid) === call) this.#calls.delete(callSid);
    const {onFinished, log} = this.#options;
    if (outcome.how === 'ended') background(onFinished({callSid, ...outcome}), log, 'recording a call');
    this.#countChanged();
  }

  #countChanged(): void {
    this.#options.metrics.callsActive.set(this.count);
    if (this.count === 0) this.#emptied.resolve();
  }
}
