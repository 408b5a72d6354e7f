import type {CallDirectory} from '@voicebridge/shared/call-directory/call-directory.ts';
import {unreachable} from '@voicebridge/shared/errors.ts';
import {logOfCall} from '@voicebridge/shared/observability/log.ts';
import type {RefusalLog} from '@voicebridge/shared/observability/refusal-log.ts';
import type {OnAssistantAudio} from '@voicebridge/shared/frame-channel/frame-channel.ts';
import type {EdgeToWorker} from '@voicebridge/shared/protocol/edge-to-worker.ts';
import type {StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import type {WorkerToEdge} from '@voicebridge/shared/protocol/worker-to-edge.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {Traces} from '@voicebridge/shared/observability/trace.ts';
import type {CapturedSocket} from '../carriers/captured-socket.ts';
import type {CarrierEvent, CarrierMessage, CarrierSocket, OnCarrierAudio, Started} from '../carriers/carrier.ts';
import {WorkerLink, type WorkerLinkDeps} from '../worker-link/worker-link.ts';
import {admitStream, type Entrance} from './admit-stream.ts';
import {AssistantVoice} from './assistant-voice.ts';
import {begin, judge, judgeAudio, type Leg, type Verdict} from './leg-state.ts';
import {closeReasonOf, type Closing} from './closing.ts';
import {HOPELESS_BYTES, overdue, resetLiveness, wantsPing} from './leg-liveness.ts';
import {PeerLimits} from './peer-limits.ts';
import {beginStreamSpan} from './stream-span.ts';

export interface LegDeps extends WorkerLinkDeps {
  readonly directory: Pick<CallDirectory, 'read' | 'attach' | 'forget' | 'intend'>;
  /** A leg is attached to its call from now on. `replaced`: the stream that was before, on this edge or another. */
  readonly attached: (leg: CallLeg, replaced: StreamSid | undefined) => void;
  readonly traces: Traces;
  /** Sums up sockets on which no call began. */
  readonly refusals: Pick<RefusalLog, 'refused'>;
}

/** The carrier's socket; one that is captured can be told whether that may be kept. */
type LegSocket = CarrierSocket & Partial<Pick<CapturedSocket, 'keepCapture' | 'noted'>>;

type EndedWhy = Extract<EdgeToWorker, {kind: 'ended'}>['why'];

const COUNT_EVERY_MS = 1_000;
/** A caller who was silent for this long is not in the middle of a sentence. */
const BETWEEN_WORDS_MS = 600;

/**
 * One carrier socket and the call on it. `run` is the life of the leg from beginning to end; all code on the path of
 * frames is synchronous.
 */
export class CallLeg {
  readonly #socket: LegSocket;
  readonly #entrance: Entrance;
  readonly #deps: LegDeps;
  readonly #limits: PeerLimits;
  readonly #voice: AssistantVoice;
  readonly #started = Promise.withResolvers<{start: Started; link: WorkerLink} | undefined>();
  /** Aborts when the leg is over: then the stream need not be admitted any more. */
  readonly #over = new AbortController();
  #leg: Leg;
  #link: WorkerLink | undefined;
  /** Keys that were pressed on this stream. */
  #digits = 0;
  #countedAt: Millis;

  /** Must be made in the turn of the event loop in which the socket was opened, or the first messages are missed. */
  constructor(socket: LegSocket, entrance: Entrance, deps: LegDeps) {
    const openedAt = deps.clock.now();
    this.#socket = socket;
    this.#entrance = entrance;
    this.#deps = deps;
    this.#limits = new PeerLimits(openedAt);
    this.#voice = new AssistantVoice(socket, this.#limits, deps.clock);
    this.#leg = {state: 'awaitingStart', openedAt};
    this.#countedAt = openedAt;
    socket.onEvent(event => this.#guard(() => this.#receive(event)));
    socket.onAudio(this.#hear);
    socket.onControl(what => this.#control(what));
  }

  /** The link to the owner of the call; undefined before the carrier said which call it is. */
  get link(): WorkerLink | undefined {
    return this.#link;
  }

  /** The stream is bridged and neither side speaks: moving the call now is not heard, and costs no word. */
  quiet(at: Millis): boolean {
    const isBridged = this.#leg.state === 'bridged';
    return isBridged && this.#voice.quiet(at) && !this.#link?.callerSpokeSince(at - BETWEEN_WORDS_MS);
  }

  /** Resolves when the socket is closed and the worker has been informed. */
  async run(): Promise<void> {
    const closed = this.#socket.closed.then(({code}) => this.#closedByPeer(code));
    await this.#bridge();
    await closed;
  }

  async #bridge(): Promise<void> {
    const started = await this.#started.promise;
    if (!started) return;
    const {start, link} = started;
    const {callSid, streamSid, calledByPeer} = start;
    const deps = {...this.#deps, log: logOfCall(this.#deps.log, callSid)};
    const admission = await admitStream(start, this.#entrance, deps, this.#over.signal);
    if (!admission.ok) return this.#refuse('admission', admission);
    if (this.#leg.state === 'admitting') this.#leg = {...this.#leg, state: 'bridged', stalledSince: undefined};
    deps.attached(this, admission.replaced?.streamSid);
    const log = logOfCall(this.#deps.log, callSid, admission.call.facts['traceparent']);
    log.info({streamSid, calledByPeer, worker: admission.call.owner, epoch: admission.call.epoch}, 'stream began');
    // Also if the caller has hung up by now: the worker must learn of the stream and of its end.
    const endSpan = beginStreamSpan(admission.call, streamSid, this.#deps);
    const over = await link.run(admission.call);
    this.#finish('moved', {code: 1000, reason: over});
    endSpan(over);
    log.info({streamSid, malformed: this.#limits.malformed}, 'stream ended');
  }

  /** This process was stopped and runs again. */
  wakeUp(at: Millis): void {
    resetLiveness(this.#leg, at);
  }

  /** Checks all limits of time; to be called a few times a second. */
  tick(at: Millis): void {
    this.#guard(() => this.#check(at));
  }

  #check(at: Millis): void {
    const due = overdue(this.#leg, this.#socket.bufferedBytes, at);
    if (due?.lost) {
      this.#deps.log.warn({...this.#link?.stream, reason: due.reason}, 'socket given up');
      return this.#finish('lost', undefined);
    }
    if (due) return this.#refuse(this.#leg.state, due);
    if (wantsPing(this.#leg, at)) this.#socket.ping();
    if (at - this.#countedAt < COUNT_EVERY_MS) return;
    this.#countedAt = at;
    this.#sendCounts();
    this.#link?.measure();
  }

  /** Closes the socket because a newer stream has the call. */
  supersede(): void {
    this.#finish('moved', {code: 1000, reason: 'superseded'});
  }

  /**
   * Closes the socket so that the carrier opens the stream again on another edge. The intent is written to the directory
   * first; at `deadline` (monotonic clock) the socket is closed in any case.
   */
  async migrate(deadline: Millis): Promise<void> {
    if (this.#leg.state !== 'bridged' || !this.#link) return;
    this.#leg = {...this.#leg, state: 'leaving', deadline};
    this.#socket.noted?.({kind: 'edgeDrain'});
    const {callSid} = this.#link.stream;
    const written = await this.#deps.directory.intend(callSid, this.#link.epoch, 'migrate').catch(() => false);
    if (written) this.#finish('moved', {code: 1000, reason: 'migrate'});
    // The owner has just changed, or Redis does not answer: another attempt may follow.
    else if (this.#leg.state === 'leaving') this.#leg = {...this.#leg, state: 'bridged', stalledSince: undefined};
  }

  /** Cuts the connection at once, because the process ends. */
  terminate(): void {
    this.#finish('lost', undefined);
  }

  #receive(event: CarrierEvent): void {
    if (this.#leg.state === 'over') return;
    const at = this.#deps.clock.now();
    const isOurMark = event.kind === 'markReturned' && this.#limits.markReturned();
    if (!isOurMark && !this.#limits.paced(at)) return this.#misbehaves('tooMany', 'too many messages');
    if (event.kind === 'unreadable') return this.#unusable(event.reason, event.detail);
    const verdict = judge(this.#leg, event, at);
    if (this.#passes(verdict, at)) this.#pass(event);
  }

  #control(what: 'ping' | 'pong'): void {
    if (this.#leg.state === 'over') return;
    const at = this.#deps.clock.now();
    if (!this.#limits.paced(at)) return this.#misbehaves('tooMany', 'too many messages');
    if (what === 'pong' && 'lastSeenAt' in this.#leg) this.#leg.lastSeenAt = at;
  }

  /** Audio of the caller. No closure guards it, because it comes fifty times a second. */
  readonly #hear: OnCarrierAudio = (streamSid, sequence, timestamp, bytes, from, to) => {
    if (this.#leg.state === 'over') return;
    try {
      const at = this.#deps.clock.now();
      if (!this.#limits.paced(at)) return this.#misbehaves('tooMany', 'too many messages');
      if (!this.#limits.spoken(to - from)) return this.#misbehaves('tooMuchAudio', 'more audio than time');
      const verdict = judgeAudio(this.#leg, streamSid, sequence, at);
      if (this.#passes(verdict, at) && to > from) this.#link?.sendAudio(timestamp, bytes, from, to);
    } catch (thrown) {
      this.#bug(thrown);
    }
  };

  /** Whether a message belongs to the call. Whatever else a verdict says is done here. */
  #passes(verdict: Verdict, at: Millis): boolean {
    if (verdict.do === 'pass' && verdict.odd) this.#countMalformed(verdict.odd);
    if (verdict.do !== 'pass') this.#follow(verdict, at);
    return verdict.do === 'pass';
  }

  #follow(verdict: Exclude<Verdict, {do: 'pass'}>, at: Millis): void {
    switch (verdict.do) {
      case 'begin':
        return this.#begin(verdict.start, at);
      case 'odd':
        return this.#unusable(verdict.reason);
      case 'close':
        return this.#misbehaves('outOfPlace', verdict.reason);
      case 'end':
        return this.#finish('hungUp', {code: 1000, reason: 'stopped'});
      case 'skip':
        return;
      default:
        return unreachable(verdict);
    }
  }

  #begin(start: Started, at: Millis): void {
    const {callSid, streamSid} = start;
    const deps = {...this.#deps, log: logOfCall(this.#deps.log, callSid)};
    const link = new WorkerLink({callSid, streamSid}, deps, {
      onFrame: frame => this.#guard(() => this.#play(frame)),
      onAudio: this.#playAudio,
    });
    this.#link = link;
    this.#limits.started();
    this.#leg = begin(start, at);
    this.#started.resolve({start, link});
  }

  #pass(message: CarrierMessage): void {
    switch (message.kind) {
      case 'markReturned':
        this.#voice.markReturned(message.name);
        this.#link?.send({kind: 'mark', name: message.name});
        return;
      case 'digit':
        this.#digits += 1;
        this.#link?.send({kind: 'digit', digit: message.digit, number: this.#digits});
        return;
      case 'connected':
      case 'started':
      case 'stopped':
        return;
      default:
        return unreachable(message);
    }
  }

  readonly #playAudio: OnAssistantAudio = (mark, bytes, from, to) => {
    if (this.#leg.state === 'over') return;
    try {
      this.#voice.audio(mark, bytes, from, to);
      // A phone that reads nothing must be noticed before the next tick: a whole answer may come within it.
      if (this.#socket.bufferedBytes > HOPELESS_BYTES) this.#check(this.#deps.clock.now());
    } catch (thrown) {
      this.#bug(thrown);
    }
  };

  #play(frame: Exclude<WorkerToEdge, {kind: 'audio'}>): void {
    if (this.#leg.state === 'over') return;
    switch (frame.kind) {
      case 'mark':
        return this.#voice.mark(frame.name);
      case 'clear':
        return this.#voice.clear();
      case 'capture':
        return this.#socket.keepCapture?.(frame.verdict === 'keep');
      case 'close':
        return this.#finish('moved', {code: 1000, reason: frame.why});
      default:
        return unreachable(frame);
    }
  }

  /** A bug in the handling of one message ends this call only; the other calls of the process go on. */
  #guard(run: () => void): void {
    try {
      run();
    } catch (thrown) {
      this.#bug(thrown);
    }
  }

  #bug(thrown: unknown): void {
    this.#deps.log.error({err: thrown, ...this.#link?.stream}, 'bug: a message could not be passed on');
    this.#finish('lost', {code: 1011, reason: 'internal error'});
  }

  #unusable(reason: string, detail?: string): void {
    if (reason === 'unreadableStart' && this.#leg.state === 'awaitingStart')
      return this.#misbehaves(reason, closeReasonOf(`start cannot be read: ${detail}`));
    this.#countMalformed(reason);
    if (reason === 'unknownEvent') return;
    // Of a socket without a call the operator learns when it is closed.
    if (this.#limits.malformed === 0 && this.#link)
      this.#deps.log.warn({...this.#link?.stream, reason, detail}, 'message cannot be used');
    if (!this.#limits.tolerated()) return this.#misbehaves('malformed', 'too many malformed messages');
    if (reason === 'binary' && this.#leg.state === 'awaitingStart') {
      this.#refuse('malformed', {code: 1003, reason: 'text messages only'});
    }
  }

  /** Nothing is known of its call but what it says itself. */
  get #isStranger(): boolean {
    return !this.#link || (this.#entrance.by === 'noTicket' && this.#leg.state === 'admitting');
  }

  #misbehaves(label: string, reason: string): void {
    this.#countMalformed(label);
    this.#refuse(label, {code: 1008, reason});
  }

  #countMalformed(reason: string): void {
    this.#deps.metrics.malformedTotal.inc({peer: this.#socket.carrier, reason});
  }

  #refuse(label: string, closing: Closing): void {
    if (this.#leg.state === 'over') return;
    this.#deps.metrics.socketsRefusedTotal.inc({reason: label});
    if (this.#isStranger) this.#deps.refusals.refused(label, closing.reason);
    else this.#deps.log.warn({...this.#link?.stream, code: closing.code, reason: closing.reason}, 'socket closed');
    this.#finish('lost', closing);
  }

  /** The carrier or the network closed the socket. Other clients hang up by closing cleanly, without a stop message. */
  #closedByPeer(code: number): void {
    this.#finish(code === 1000 || code === 1005 ? 'hungUp' : 'lost', undefined);
  }

  #sendCounts(): void {
    this.#link?.count({malformed: this.#limits.malformed, bufferedBytes: this.#socket.bufferedBytes});
  }

  /** The only way to `over`: informs the owner, closes the socket and lets `run` end. Idempotent. */
  #finish(why: EndedWhy, closing: Closing | undefined): void {
    if (this.#leg.state === 'over') return;
    this.#leg = {state: 'over'};
    this.#sendCounts();
    this.#link?.end(why);
    this.#over.abort();
    this.#started.resolve(undefined);
    if (closing) this.#socket.close(closing.code, closing.reason);
    else this.#socket.terminate();
  }
}
