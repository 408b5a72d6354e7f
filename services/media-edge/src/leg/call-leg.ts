import type {CallDirectory} from '@voicebridge/shared/call-directory/call-directory.ts';
import {unreachable} from '@voicebridge/shared/errors.ts';
import {logOfCall} from '@voicebridge/shared/observability/log.ts';
import type {EdgeToWorker} from '@voicebridge/shared/protocol/edge-to-worker.ts';
import type {TwilioStart} from '../carriers/twilio/from-twilio.ts';
import type {PeerSid, StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import {clearMessage, markMessage, mediaMessage} from '../carriers/twilio/to-twilio.ts';
import type {WorkerToEdge} from '@voicebridge/shared/protocol/worker-to-edge.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {Traces} from '@voicebridge/shared/observability/trace.ts';
import {admitStream, type Entrance} from './admit-stream.ts';
import {PeerLimits} from './peer-limits.ts';
import {frameOf} from '../carriers/twilio/to-carrier-event.ts';
import {begin, judge, overdue, resetLiveness, wantsPing, type Leg} from './leg-state.ts';
import {WorkerLink, type WorkerLinkDeps} from '../worker-link/worker-link.ts';
import {Playout} from './playout.ts';
import type {Read} from '../carriers/twilio/read-twilio.ts';
import {beginStreamSpan} from './stream-span.ts';
import type {Binary, TwilioSocket} from '../carriers/twilio/twilio-socket.ts';

export interface LegDeps extends WorkerLinkDeps {
  readonly directory: Pick<CallDirectory, 'read' | 'attach' | 'forget' | 'intend'>;
  /** A leg has the call of its stream from now on; `replaced` had it before, on this edge or another. */
  readonly attached: (leg: CallLeg, replaced: StreamSid | undefined) => void;
  readonly traces: Traces;
}

type EndedWhy = Extract<EdgeToWorker, {kind: 'ended'}>['why'];

/** What a socket is closed with; without one it is cut off, because nobody is there to read it. */
interface Goodbye {
  readonly code: number;
  readonly reason: string;
}

const COUNT_EVERY_MS = 1_000;

/** One Twilio socket and the call on it: `run` is its story, everything where frames pass is synchronous. */
export class CallLeg {
  readonly #socket: TwilioSocket;
  readonly #entrance: Entrance;
  readonly #deps: LegDeps;
  readonly #conduct: PeerLimits;
  readonly #playout = new Playout();
  readonly #started = Promise.withResolvers<{start: TwilioStart; line: WorkerLink} | undefined>();
  readonly #unwanted = new AbortController();
  #leg: Leg;
  #line: WorkerLink | undefined;
  #countedAt: Millis;

  /** To be made in the turn in which the socket was opened, or its first messages are missed. */
  constructor(socket: TwilioSocket, entrance: Entrance, deps: LegDeps) {
    const openedAt = deps.clock.now();
    this.#socket = socket;
    this.#entrance = entrance;
    this.#deps = deps;
    this.#conduct = new PeerLimits(openedAt);
    this.#leg = {state: 'awaitingStart', openedAt};
    this.#countedAt = openedAt;
    socket.onRead(read => this.#guard(() => this.#hear(read)));
    socket.onPong(() => {
      if ('heardAt' in this.#leg) this.#leg.heardAt = this.#deps.clock.now();
    });
  }

  /** The line to the owner of the call, from the moment Twilio said which call it is. */
  get line(): WorkerLink | undefined {
    return this.#line;
  }

  /** Nothing of the assistant is audible, and nobody is being let in: the call can be moved unheard. */
  quiet(at: Millis): boolean {
    return this.#leg.state === 'bridged' && this.#playout.quiet(at);
  }

  /** From the opening of the socket until it is closed, and everybody who must know it does. */
  async run(): Promise<void> {
    const closed = this.#socket.closed.then(({code}) => this.#closedThere(code));
    await this.#bridge();
    await closed;
  }

  async #bridge(): Promise<void> {
    const started = await this.#started.promise;
    if (!started) return;
    const {start, line} = started;
    const deps = {...this.#deps, log: logOfCall(this.#deps.log, start.start.callSid)};
    const admission = await admitStream(start, this.#entrance, deps, this.#unwanted.signal);
    if (!admission.ok) return this.#refuse('admission', admission);
    if (this.#leg.state === 'admitting') this.#leg = {...this.#leg, state: 'bridged', stalledSince: undefined};
    deps.attached(this, admission.replaced?.streamSid);
    const log = logOfCall(this.#deps.log, start.start.callSid, admission.call.facts['traceparent']);
    log.info(
      {
        streamSid: start.start.streamSid,
        calledByPeer: start.streamSid,
        worker: admission.call.owner,
        epoch: admission.call.epoch,
      },
      'stream began',
    );
    // Even if the caller is gone by now: the worker must hear of it.
    const endSpan = beginStreamSpan(admission.call, start.start.streamSid, this.#deps);
    const over = await line.run(admission.call);
    this.#finish('moved', {code: 1000, reason: over});
    endSpan(over);
    log.info({streamSid: start.start.streamSid, malformed: this.#conduct.malformed}, 'stream ended');
  }

  /** This process slept until now. */
  wakeUp(at: Millis): void {
    resetLiveness(this.#leg, at);
  }

  /** Time passed; call it a few times a second. */
  tick(at: Millis): void {
    this.#guard(() => this.#look(at));
  }

  #look(at: Millis): void {
    const due = overdue(this.#leg, this.#socket.bufferedBytes, at);
    if (due?.lost) {
      this.#deps.log.warn({...this.#line?.stream, reason: due.reason}, 'socket given up');
      return this.#finish('lost', undefined);
    }
    if (due) return this.#refuse(this.#leg.state, due);
    if (wantsPing(this.#leg, at)) this.#socket.ping();
    if (at - this.#countedAt < COUNT_EVERY_MS) return;
    this.#countedAt = at;
    this.#count();
    this.#line?.measure();
  }

  /** A newer stream has the call. */
  supersede(): void {
    this.#finish('moved', {code: 1000, reason: 'superseded'});
  }

  /** Lets Twilio open the call's stream again elsewhere. Says why before it closes; `deadline`: it closes anyway. */
  async migrate(deadline: Millis): Promise<void> {
    if (this.#leg.state !== 'bridged' || !this.#line) return;
    this.#leg = {...this.#leg, state: 'leaving', deadline};
    const {callSid} = this.#line.stream;
    const said = await this.#deps.directory.intend(callSid, this.#line.epoch, 'migrate').catch(() => false);
    if (said) this.#finish('moved', {code: 1000, reason: 'migrate'});
    // The owner has just changed, or Redis is away: another attempt may follow.
    else if (this.#leg.state === 'leaving') this.#leg = {...this.#leg, state: 'bridged', stalledSince: undefined};
  }

  /** The process ends: no time is left for anything. */
  terminate(): void {
    this.#finish('lost', undefined);
  }

  #hear(read: Read | Binary): void {
    if (this.#leg.state === 'over') return;
    const at = this.#deps.clock.now();
    const isOurs = read.ok && read.message.event === 'mark' && this.#conduct.markReturned();
    if (!isOurs && !this.#conduct.paced(at)) return this.#misbehaves('tooMany', 'too many messages');
    if (!read.ok) return this.#unusable(read.reason, read.detail);
    const verdict = judge(this.#leg, read.message, at);
    switch (verdict.do) {
      case 'pass':
        if (verdict.odd) this.#deps.metrics.malformedTotal.inc({peer: 'twilio', reason: verdict.odd});
        return this.#pass(frameOf(read.message));
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

  #begin(start: TwilioStart, at: Millis): void {
    const {callSid, streamSid} = start.start;
    const deps = {...this.#deps, log: logOfCall(this.#deps.log, callSid)};
    const {streamSid: name = streamSid} = start;
    const line = new WorkerLink({callSid, streamSid}, deps, frame => this.#guard(() => this.#say(name, frame)));
    this.#line = line;
    this.#leg = begin(start, at);
    this.#started.resolve({start, line});
  }

  #pass(frame: EdgeToWorker | undefined): void {
    if (frame?.kind === 'mark') this.#playout.returned(frame.name);
    if (frame) this.#line?.send(frame);
  }

  #say(streamSid: StreamSid | PeerSid, frame: WorkerToEdge): void {
    if (this.#leg.state === 'over') return;
    const at = this.#deps.clock.now();
    const sendMark = (name: string) => {
      this.#conduct.markSent();
      this.#socket.send(markMessage(streamSid, name));
    };
    switch (frame.kind) {
      case 'audio':
        if (frame.payload !== '') this.#socket.send(mediaMessage(streamSid, frame.payload));
        if (frame.mark !== '') sendMark(frame.mark);
        return this.#playout.sent(frame.payload, frame.mark, at);
      case 'mark':
        sendMark(frame.name);
        return this.#playout.sent('', frame.name, at);
      case 'clear':
        this.#socket.send(clearMessage(streamSid));
        return this.#playout.cleared(at);
      case 'close':
        return this.#finish('moved', {code: 1000, reason: frame.why});
      default:
        return unreachable(frame);
    }
  }

  /** A bug in what one message causes ends this call; the others share the turn of the event loop, and must not notice. */
  #guard(run: () => void): void {
    try {
      run();
    } catch (thrown) {
      this.#deps.log.error({err: thrown, ...this.#line?.stream}, 'bug: a message could not be passed on');
      this.#finish('lost', {code: 1011, reason: 'internal error'});
    }
  }

  #unusable(reason: string, detail?: string): void {
    if (reason === 'unreadableStart' && this.#leg.state === 'awaitingStart')
      return this.#misbehaves(reason, reasonOf(`start cannot be read: ${detail}`));
    this.#deps.metrics.malformedTotal.inc({peer: 'twilio', reason});
    if (reason === 'unknownEvent') return;
    if (this.#conduct.malformed === 0)
      this.#deps.log.warn({...this.#line?.stream, reason, detail}, 'message nobody can use');
    if (!this.#conduct.tolerated()) return this.#misbehaves('malformed', 'too many malformed messages');
    if (reason === 'binary' && this.#leg.state === 'awaitingStart') {
      this.#refuse('malformed', {code: 1003, reason: 'text messages only'});
    }
  }

  #misbehaves(label: string, reason: string): void {
    this.#deps.metrics.malformedTotal.inc({peer: 'twilio', reason: label});
    this.#refuse(label, {code: 1008, reason});
  }

  #refuse(label: string, goodbye: Goodbye): void {
    if (this.#leg.state === 'over') return;
    this.#deps.metrics.socketsRefusedTotal.inc({reason: label});
    this.#deps.log.warn({...this.#line?.stream, code: goodbye.code, reason: goodbye.reason}, 'socket closed');
    this.#finish('lost', goodbye);
  }

  /** Twilio, or the network, closed the socket. A clean goodbye without `stop` is how other clients hang up. */
  #closedThere(code: number): void {
    this.#finish(code === 1000 || code === 1005 ? 'hungUp' : 'lost', undefined);
  }

  #count(): void {
    this.#line?.count({malformed: this.#conduct.malformed, bufferedBytes: this.#socket.bufferedBytes});
  }

  /** The one way out, once: tells the owner, closes the socket, and lets the story end. */
  #finish(why: EndedWhy, goodbye: Goodbye | undefined): void {
    if (this.#leg.state === 'over') return;
    this.#leg = {state: 'over'};
    this.#count();
    this.#line?.end(why);
    this.#unwanted.abort();
    this.#started.resolve(undefined);
    if (goodbye) this.#socket.close(goodbye.code, goodbye.reason);
    else this.#socket.terminate();
  }
}

/** A close frame holds 123 bytes of reason. */
function reasonOf(text: string): string {
  return Buffer.from(text).subarray(0, 123).toString('ascii');
}
