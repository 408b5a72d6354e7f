import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import type {Cancel, Millis} from '@voicebridge/shared/time.ts';
import {CallCore} from '../../services/realtime-worker/src/call/call-core.ts';
import {frameEffects} from '../../services/realtime-worker/src/testing/call.ts';
import type {CallEvent} from '../../services/realtime-worker/src/events/call-event.ts';
import type {CallEffect, Fact} from '../../services/realtime-worker/src/events/call-effect.ts';
import type {Assistant} from '../../services/realtime-worker/src/assistant.ts';
import type {FloorPolicy} from '../../services/realtime-worker/src/assistant.ts';
import {usualAssistant} from '../../services/realtime-worker/src/testing/call.ts';
import {assistantTools} from '../../services/realtime-worker/src/tools/assistant-tools.ts';
import {OpenAIReader} from '../../services/realtime-worker/src/model/openai/server-events.ts';
import type {ModelCommand, ModelEvent} from '../../services/realtime-worker/src/model/model-adapter.ts';
import {
  appendMessage,
  clientEvent,
  sessionUpdate,
} from '../../services/realtime-worker/src/model/openai/client-events.ts';
import {msOfBase64} from '@voicebridge/shared/protocol/audio.ts';
import {CallSid, ProcessId, StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import type {WorkerToEdge} from '@voicebridge/shared/protocol/worker-to-edge.ts';
import {FakeSession} from '../../simulators/openai/src/session/fake-session.ts';
import {defaultKnobs, type Knobs} from '../../simulators/openai/src/knobs/knobs.ts';
import type {ModelScript} from '../../simulators/openai/src/answering/model-script.ts';
import {type MarkKnobs, MarkReturns} from '../../simulators/twilio/src/media/mark-returns.ts';
import {PlayQueue, type ReturnedMark} from '../../simulators/twilio/src/phone/play-queue.ts';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import {StreamClock} from '../../simulators/twilio/src/media/stream-clock.ts';
import {Line, type Network} from './lines.ts';

const FRAME_MS = 20;
/** Twilio asks for the next TwiML, or opens a stream. */
const ASKS_MS = 300;
/** Twilio says a sentence. */
const SENTENCE_MS = 3_500;
const SILENCE = 0xff;
const QUIET = Buffer.alloc(160, SILENCE).toString('base64');
/** A square wave, loud enough for any threshold. */
const LOUD = Buffer.from(Array.from({length: 160}, (_, at) => (Math.floor(at / 8) % 2 ? 0x10 : 0x90))).toString(
  'base64',
);

export const usualFloor: FloorPolicy = {
  mode: 'immediate',
  minSpeechMs: 0,
  greetingProtectedMs: 500,
  noiseMs: 350,
  uninterruptible: false,
};

/** What reaches the worker: an event, or a frame of the caller. */
type WorkerEvent = CallEvent | {readonly type: 'callerFrame'; readonly timestamp: number; readonly payload: string};

export interface SimulatedCallOptions {
  readonly seed: number;
  readonly script: ModelScript;
  /** Between worker and Twilio, each way. */
  readonly network?: Network;
  /** Between worker and model, each way. */
  readonly modelNetwork?: Network;
  readonly knobs?: Partial<Knobs>;
  /** Knobs of the sessions after the first one; without them they share those of the first. */
  readonly laterKnobs?: Partial<Knobs>;
  /** Accepts messages of the model that the worker cannot read. */
  readonly tolerant?: boolean;
  readonly floor?: Partial<FloorPolicy>;
  readonly assistant?: Partial<Omit<Assistant, 'floor'>>;
  /** How the network, or a server that is not strict, changes a message of the model; undefined: it is lost. */
  readonly garble?: (text: string) => string | undefined;
  /** From the start of the call to the model's session and to the caller's stream. */
  readonly sessionAfter?: Millis;
  readonly streamAfter?: Millis;
  /** The frame of the caller's phone, given what it played since the last one; used instead of silence and `talk`. */
  readonly picksUp?: (at: Millis, played: Buffer) => string;
  /** How Twilio returns marks; as documented, if not given. */
  readonly marks?: MarkKnobs;
}

/** The events at the worker, in order: enough to work out what any other rule would have done. */
export type Seen =
  | {
      readonly what: 'delta';
      readonly at: Millis;
      readonly itemId: string;
      readonly responseId: string;
      readonly ms: Millis;
    }
  | {readonly what: 'frame'; readonly at: Millis; readonly timestamp: Millis}
  | {readonly what: 'mark'; readonly at: Millis; readonly name: string}
  | {readonly what: 'sent'; readonly at: Millis; readonly itemId: string; readonly mark: string; readonly ms: Millis}
  | {readonly what: 'speech'; readonly at: Millis}
  | {readonly what: 'clear'; readonly at: Millis};

/** A clear that reached Twilio. Positions count the bytes played since the call began. */
export interface Landed {
  readonly at: Millis;
  readonly playedBytes: number;
  readonly discardedBytes: number;
}

/** One model session, and the network to it and back. */
interface ModelLink {
  readonly reader: OpenAIReader;
  session: FakeSession | undefined;
  tell: (text: string) => void;
  cut: () => void;
  isReady: boolean;
  isOver: boolean;
}
type LostEvent = Extract<ModelEvent, {type: 'lost'}>;
const CONFIGURED_WITHIN_MS = 10_000;

/**
 * A whole call without a network and without waiting: the worker's core and its real translation of the model's
 * protocol, the strict simulated session, and Twilio's play queue, on one clock that only a test moves. The queue is
 * the ground truth for what the caller heard.
 */
export class SimulatedCall {
  readonly clock = new FakeClock();
  readonly queue = new PlayQueue(true);
  readonly facts: Fact[] = [];
  readonly timing: string[] = [];
  readonly warned: {readonly at: Millis; readonly warning: Extract<CallEffect, {do: 'warn'}>}[] = [];
  readonly missed: Extract<CallEffect, {do: 'missed'}>[] = [];
  readonly commands: ModelCommand[] = [];
  readonly events: ModelEvent[] = [];
  readonly seen: Seen[] = [];
  readonly landed: Landed[] = [];
  readonly sessions: FakeSession[] = [];
  /** What Twilio said to the caller while the worker had closed their stream. */
  readonly toldByTwilio: {readonly from: Millis; readonly to: Millis}[] = [];
  /** How and when the worker left, and how much Twilio still had to play then. */
  left: {readonly at: Millis; readonly effect: CallEffect; readonly queuedBytes: number} | undefined;
  readonly knobs: Knobs;
  /** Where in what is played there is sound, in bytes. */
  #sound: {readonly from: number; readonly to: number}[] = [];
  readonly #options: SimulatedCallOptions;
  readonly #core: CallCore;
  readonly #random: () => number;
  readonly #returns: MarkReturns;
  #numbers: StreamClock;
  #isAway = false;
  #toTwilio: Line<WorkerToEdge>;
  #toWorker: Line<WorkerEvent>;
  #link: ModelLink | undefined;
  #spare: ModelLink | undefined;
  #talkUntil: Millis = 0;
  #wake: {readonly at: Millis; readonly cancel: Cancel} | undefined;
  #queueWake: Cancel = () => {};
  #tags = 0;

  constructor(options: SimulatedCallOptions) {
    this.#options = options;
    const random = seededRandom(options.seed);
    this.#random = () => random.between(0, 1);
    this.#returns = new MarkReturns(this.queue, options.marks ?? {}, random);
    this.#numbers = new StreamClock(random);
    this.knobs = {...defaultKnobs, tagged: true, keepHeard: false, ...options.knobs};
    const network = options.network ?? {delay: 0, jitter: 0};
    this.#toTwilio = new Line(this.clock, network, this.#random, frame => this.#atTwilio(frame));
    this.#toWorker = new Line(this.clock, network, this.#random, event => this.#at(event));
    const assistant = {
      ...usualAssistant,
      greeting: 'Say hello.',
      idleHangUp: true,
      maxCallMs: 3_600_000,
      noSpeechMs: 600_000,
      ...options.assistant,
      floor: {...usualFloor, ...options.floor},
    };
    this.#core = new CallCore(
      {
        assistant,
        interruption: 'ours',
        answersTurns: true,
        epoch: 1,
        worker: 'w',
        callTime: at => at,
        streamGraceMs: 15_000,
        rotateAfterMs: 3_000_000,
      },
      0,
    );
    this.clock.after(options.sessionAfter ?? 0, () => this.#openSession('link'));
    this.clock.after(options.streamAfter ?? 0, () => this.#openStream());
    this.#arm();
  }

  /** The session in use. */
  get session(): FakeSession {
    if (!this.#link?.session) throw new Error('no session yet');
    return this.#link.session;
  }

  wait(ms: Millis): void {
    this.clock.advance(ms);
  }

  /** Lets time pass until the condition holds; false after a minute of it. */
  until(isSo: () => boolean, most: Millis = 60_000, step: Millis = 5): boolean {
    for (let waited = 0; waited <= most; waited += step) {
      if (isSo()) return true;
      this.clock.advance(step);
    }
    return false;
  }

  /** The caller speaks from now on for so long. */
  talk(ms: Millis): void {
    this.#talkUntil = this.clock.now() + ms;
  }

  get audible(): boolean {
    this.queue.advance(this.clock.now());
    return this.queue.audible(this.clock.now());
  }

  /** Like `audible`, but digital silence is not heard. */
  get hearsAssistant(): boolean {
    const head = this.audible ? this.queue.playedBytes : -1;
    return this.#sound.some(({from, to}) => from <= head && head < to);
  }

  hangUp(): void {
    this.#toWorker.send(fromEdge({kind: 'ended', why: 'hungUp'}));
  }

  press(digit: string): void {
    if (!this.#isAway) this.#toWorker.send(fromEdge({kind: 'digit', digit}));
  }

  /** The model's connection breaks; the worker opens another. */
  breakModel(): void {
    if (this.#link) this.#linkLost(this.#link, {type: 'lost', cause: 'closed', detail: 'broken by the test'});
  }

  #openStream(): void {
    const began = {kind: 'began', callSid: CALL, streamSid: STREAM, edge: EDGE} as const;
    this.#toWorker.send(fromEdge(began));
    this.#speakFrame();
  }

  #speakFrame(): void {
    if (this.left || this.#isAway) return;
    const {timestamp} = this.#numbers.next(FRAME_MS);
    const payload = this.#picksUp();
    this.#toWorker.send({type: 'callerFrame', timestamp, payload});
    this.clock.after(FRAME_MS, () => this.#speakFrame());
  }

  #picksUp(): string {
    const now = this.clock.now();
    if (!this.#options.picksUp) return now < this.#talkUntil ? LOUD : QUIET;
    this.queue.advance(now);
    const before = this.#pickedUpTo;
    this.#pickedUpTo = this.queue.playedBytes;
    return this.#options.picksUp(now, this.queue.lastPlayed(this.#pickedUpTo - before));
  }

  #pickedUpTo = 0;

  #openSession(as: 'link' | 'spare'): void {
    const network = this.#options.modelNetwork ?? {delay: 0, jitter: 0};
    const link: ModelLink = {
      reader: new OpenAIReader(),
      isReady: false,
      isOver: false,
      cut: () => {},
      tell: () => {},
      session: undefined,
    };
    const {laterKnobs} = this.#options;
    const own = this.sessions.length === 0 || !laterKnobs ? this.knobs : {...this.knobs, ...laterKnobs};
    const lost = () => this.#linkLost(link);
    // What was sent before the close arrives before it.
    const fromModel = new Line<string | undefined>(this.clock, network, this.#random, text =>
      text === undefined ? lost() : this.#heardModel(link, text),
    );
    const hangUp = () => fromModel.send(undefined);
    const session = new FakeSession({
      model: 'gpt-realtime-2.1',
      headers: {},
      query: {},
      clock: this.clock,
      seed: this.#options.seed + this.sessions.length,
      knobs: () => own,
      script: () => this.#options.script,
      nextTag: () => (this.#tags += 1),
      wire: {send: text => fromModel.send(text), close: hangUp, reset: hangUp, freeze: () => {}, thaw: () => {}},
    });
    const toModel = new Line<string>(this.clock, network, this.#random, text => session.receive(text));
    link.session = session;
    link.tell = text => toModel.send(text);
    link.cut = () => {
      link.isOver = true;
      toModel.cut();
      fromModel.cut();
      session.ended(1006);
    };
    this.sessions.push(session);
    if (as === 'link') this.#link = link;
    else this.#spare = link;
    session.begin();
    const settings = {
      model: 'gpt-realtime-2.1',
      instructions: 'Be brief.',
      voice: 'alloy',
      tools: assistantTools,
      maxOutputTokens: 4_096,
      safetyId: undefined,
      ...this.#core.serverRights,
    };
    link.tell(JSON.stringify(sessionUpdate(settings, 'gpt-realtime-whisper')));
    this.clock.after(CONFIGURED_WITHIN_MS, () => link.isReady || lost());
  }

  #heardModel(link: ModelLink, text: string): void {
    if (link.isOver) return;
    const garbled = this.#options.garble ? this.#options.garble(text) : text;
    if (garbled === undefined) return;
    const {events, problem} = link.reader.read(garbled);
    if (problem && !this.#options.garble && !this.#options.tolerant)
      throw new Error(`${problem.event}: ${problem.detail}`);
    for (const event of events) {
      if (event.type === 'lost') return this.#linkLost(link, event);
      if (event.type === 'ready' && link.isReady) continue;
      if (event.type === 'ready') link.isReady = true;
      if (link === this.#link) this.#at({type: 'model', event});
      else if (link === this.#spare && event.type === 'ready') this.#at({type: 'spareReady'});
    }
  }

  /** The model's side of a session has closed. */
  #linkLost(link: ModelLink, event: LostEvent = {type: 'lost', cause: 'closed', detail: 'closed by the model'}): void {
    if (link.isOver) return;
    link.cut();
    if (link === this.#link) this.#at({type: 'model', event});
    else if (link === this.#spare) this.#at({type: 'spareLost'});
  }

  /** An event reaches the worker. */
  #at(event: WorkerEvent): void {
    if (this.left) return;
    this.#note(event);
    if (event.type === 'callerFrame') {
      const {timestamp, payload} = event;
      for (const effect of frameEffects(this.#core, timestamp, payload, this.clock.now())) this.#perform(effect);
      return this.#arm();
    }
    for (const effect of this.#core.on(event, this.clock.now())) this.#perform(effect);
    this.#arm();
  }

  #note(event: WorkerEvent): void {
    const at = this.clock.now();
    if (event.type === 'callerFrame') this.seen.push({what: 'frame', at, timestamp: event.timestamp});
    if (event.type === 'edge' && event.frame.kind === 'mark')
      this.seen.push({what: 'mark', at, name: event.frame.name});
    if (event.type !== 'model') return;
    this.events.push(event.event);
    if (event.event.type === 'callerSpoke') this.seen.push({what: 'speech', at});
    if (event.event.type === 'audio') {
      const {itemId, responseId, payload} = event.event;
      this.seen.push({what: 'delta', at, itemId, responseId, ms: msOfBase64(payload)});
      this.#lastItem = itemId;
    }
  }

  #lastItem = '';

  #perform(effect: CallEffect): void {
    const at = this.clock.now();
    switch (effect.do) {
      case 'model':
        this.commands.push(effect.command);
        this.#link?.tell(JSON.stringify(clientEvent(effect.command)));
        return;
      case 'hear':
        this.#link?.tell(appendMessage(Buffer.from(effect.payload), 0, effect.payload.length).toString());
        return;
      case 'edge':
        if (effect.frame.kind === 'audio')
          this.seen.push({
            what: 'sent',
            at,
            itemId: this.#lastItem,
            mark: effect.frame.mark,
            ms: msOfBase64(effect.frame.payload),
          });
        if (effect.frame.kind === 'clear') this.seen.push({what: 'clear', at});
        return this.#toTwilio.send(effect.frame);
      case 'journal':
        this.facts.push(effect.fact);
        return;
      case 'timing':
        this.timing.push(effect.line);
        return;
      case 'openModel':
        this.#link?.cut();
        this.clock.after(effect.after + 50, () => this.#openSession('link'));
        return;
      case 'openSpare':
        this.clock.after(50, () => this.#openSession('spare'));
        return;
      case 'useSpare':
        this.#link?.cut();
        [this.#link, this.#spare] = [this.#spare, undefined];
        return;
      case 'dropSpare':
        this.#spare?.cut();
        this.#spare = undefined;
        return;
      case 'leave':
      case 'end':
        this.queue.advance(at);
        this.left = {at, effect, queuedBytes: this.queue.queuedBytes};
        return;
      case 'hold':
        return this.#tellByTwilio(at);
      case 'missed':
        this.missed.push(effect);
        return;
      case 'handOver':
      case 'collecting':
      case 'switchAssistant':
      case 'away':
      case 'lookUpReturn':
      case 'stopTool':
      case 'runTool':
      case 'measure':
        return;
      case 'warn':
        this.warned.push({at, warning: effect});
        return;
      default:
        effect satisfies never;
    }
  }

  /** The stream is closed, Twilio says a sentence, and the caller is back on another stream. */
  #tellByTwilio(at: Millis): void {
    this.#isAway = true;
    this.#toWorker.send(fromEdge({kind: 'ended', why: 'moved'}));
    const told = {from: at + ASKS_MS, to: at + ASKS_MS + SENTENCE_MS};
    this.toldByTwilio.push(told);
    this.clock.after(told.to + ASKS_MS - at, () => {
      this.#isAway = false;
      this.#numbers = new StreamClock(seededRandom(this.#options.seed + this.toldByTwilio.length));
      this.#openStream();
    });
  }

  #arm(): void {
    const {deadline} = this.#core;
    if (this.#wake?.at === deadline) return;
    this.#wake?.cancel();
    this.#wake = undefined;
    if (deadline === undefined || this.left) return;
    const cancel = this.clock.after(Math.max(1, deadline - this.clock.now()), () => {
      this.#wake = undefined;
      this.#at({type: 'time'});
    });
    this.#wake = {at: deadline, cancel};
  }

  #atTwilio(frame: WorkerToEdge): void {
    const at = this.clock.now();
    switch (frame.kind) {
      case 'audio': {
        const audio = Buffer.from(frame.payload, 'base64');
        this.#echo(this.queue.enqueue(audio, at).passed);
        const to = this.queue.playedBytes + this.queue.queuedBytes;
        if (audio.some(byte => byte !== SILENCE)) this.#sound.push({from: to - audio.length, to});
        return this.#mark(frame.mark);
      }
      case 'mark':
        return this.#mark(frame.name);
      case 'clear': {
        const {discarded, returned} = this.queue.clear(at);
        this.#sound = this.#sound.filter(({from}) => from < this.queue.playedBytes);
        this.landed.push({at, playedBytes: this.queue.playedBytes, discardedBytes: discarded});
        return this.#echo(returned);
      }
      case 'capture':
      case 'close':
        return undefined;
      default:
        return frame satisfies never;
    }
  }

  #mark(name: string): void {
    this.#echo(this.queue.mark(name, this.clock.now()));
  }

  #echo(marks: readonly ReturnedMark[]): void {
    const at = this.clock.now();
    this.#returns.add(marks, at);
    for (const {name} of this.#returns.take(at)) this.#toWorker.send(fromEdge({kind: 'mark', name}));
    this.#queueWake();
    const dueAt = Math.min(this.queue.dueAt, this.#returns.dueAt);
    if (!Number.isFinite(dueAt)) return;
    this.#queueWake = this.clock.after(Math.max(0, dueAt - at), () => this.#echo(this.queue.advance(this.clock.now())));
  }
}

const CALL = CallSid.parse(`CA${'0'.repeat(32)}`);
const STREAM = StreamSid.parse(`MZ${'0'.repeat(32)}`);
const EDGE = ProcessId.parse('edge-0001');

function fromEdge(frame: Extract<CallEvent, {type: 'edge'}>['frame']): CallEvent {
  return {type: 'edge', frame, epoch: 1};
}
