import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import type {WorkerToEdge} from '@voicebridge/shared/protocol/worker-to-edge.ts';
import type {Cancel, Millis} from '@voicebridge/shared/time.ts';
import {CallCore} from '../../../../services/realtime-worker/src/call/call-core.ts';
import type {CallEffect, Fact} from '../../../../services/realtime-worker/src/events/call-effect.ts';
import type {ModelCommand, ModelEvent} from '../../../../services/realtime-worker/src/model/model-adapter.ts';
import {appendMessage, clientEvent} from '../../../../services/realtime-worker/src/model/openai/client-events.ts';
import {frameEffects, usualAssistant} from '../../../../services/realtime-worker/src/testing/call.ts';
import type {FakeSession} from '../../../../simulators/openai/src/session/fake-session.ts';
import type {PlayQueue} from '../../../../simulators/twilio/src/phone/play-queue.ts';
import {Line} from '../network.ts';
import {type CoreCallOptions, NO_NETWORK, usualFloor} from './core-call-options.ts';
import {CoreEvents, type Seen, type WorkerEvent} from './core-events.ts';
import {CoreModels} from './core-models.ts';
import {CorePhone, type Landed} from './core-phone.ts';

/**
 * A whole call of the worker's core alone, on one clock that only a test moves: its real translation of the model's
 * protocol, the strict simulated session, and Twilio's play queue, which is the ground truth for what the caller heard.
 * Nothing in it waits for a promise: thousands of calls take seconds.
 */
export class CoreCall {
  readonly clock = new FakeClock();
  readonly facts: Fact[] = [];
  readonly timing: string[] = [];
  readonly warned: {readonly at: Millis; readonly warning: Extract<CallEffect, {do: 'warn'}>}[] = [];
  readonly missed: Extract<CallEffect, {do: 'missed'}>[] = [];
  readonly commands: ModelCommand[] = [];
  /** How and when the worker left, and how much Twilio still had to play then. */
  left: {readonly at: Millis; readonly effect: CallEffect; readonly queuedBytes: number} | undefined;
  readonly #core: CallCore;
  readonly #events = new CoreEvents();
  readonly #phone: CorePhone;
  readonly #models: CoreModels;
  readonly #toTwilio: Line<WorkerToEdge>;
  readonly #toWorker: Line<WorkerEvent>;
  #wake: {readonly at: Millis; readonly cancel: Cancel} | undefined;

  constructor(options: CoreCallOptions) {
    const {clock} = this;
    const random = seededRandom(options.seed);
    const between = () => random.between(0, 1);
    const {network = NO_NETWORK} = options;
    this.#phone = new CorePhone(options, {
      clock,
      random,
      send: event => this.#toWorker.send(event),
      isOver: () => this.left !== undefined,
    });
    this.#models = new CoreModels(options, {
      clock,
      random: between,
      rights: () => this.#core.serverRights,
      react: event => this.#at(event),
    });
    this.#toTwilio = new Line(clock, network, between, frame => this.#phone.get(frame));
    this.#toWorker = new Line(clock, network, between, event => this.#at(event));
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
    clock.after(options.sessionAfter ?? 0, () => this.#models.open('link'));
    clock.after(options.streamAfter ?? 0, () => this.#phone.openStream());
    this.#arm();
  }

  /** The model's session in use. */
  get session(): FakeSession {
    return this.#models.session;
  }

  /** All sessions of the model, in the order of opening. */
  get sessions(): readonly FakeSession[] {
    return this.#models.sessions;
  }

  /** What the model said to the worker. */
  get events(): readonly ModelEvent[] {
    return this.#events.ofModel;
  }

  get seen(): readonly Seen[] {
    return this.#events.seen;
  }

  get queue(): PlayQueue {
    return this.#phone.queue;
  }

  get landed(): readonly Landed[] {
    return this.#phone.landed;
  }

  /** What Twilio said to the caller while the worker had closed their stream. */
  get toldByTwilio(): CorePhone['toldByTwilio'] {
    return this.#phone.toldByTwilio;
  }

  get audible(): boolean {
    return this.#phone.isAudible;
  }

  /** Like `audible`, but digital silence is not heard. */
  get hearsAssistant(): boolean {
    return this.#phone.hearsAssistant;
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
    this.#phone.talk(ms);
  }

  press(digit: string): void {
    this.#phone.press(digit);
  }

  hangUp(): void {
    this.#phone.hangUp();
  }

  /** The model's connection breaks; the worker opens another. */
  breakModel(): void {
    this.#models.breakLink();
  }

  /** An event reaches the worker. */
  #at(event: WorkerEvent): void {
    if (this.left) return;
    const at = this.clock.now();
    this.#events.told(event, at);
    const effects =
      event.type === 'callerFrame'
        ? frameEffects(this.#core, event.timestamp, event.payload, at)
        : this.#core.on(event, at);
    for (const effect of effects) this.#perform(effect);
    this.#arm();
  }

  #perform(effect: CallEffect): void {
    const at = this.clock.now();
    switch (effect.do) {
      case 'model':
        this.commands.push(effect.command);
        return this.#models.tell(JSON.stringify(clientEvent(effect.command)));
      case 'hear':
        return this.#models.tell(appendMessage(Buffer.from(effect.payload), 0, effect.payload.length).toString());
      case 'edge':
        this.#events.sent(effect.frame, at);
        return this.#toTwilio.send(effect.frame);
      case 'journal':
        this.facts.push(effect.fact);
        return;
      case 'timing':
        this.timing.push(effect.line);
        return;
      case 'openModel':
        this.#models.cut();
        this.clock.after(effect.after + 50, () => this.#models.open('link'));
        return;
      case 'openSpare':
        this.clock.after(50, () => this.#models.open('spare'));
        return;
      case 'useSpare':
        return this.#models.useSpare();
      case 'dropSpare':
        return this.#models.dropSpare();
      case 'leave':
      case 'end':
        this.queue.advance(at);
        this.left = {at, effect, queuedBytes: this.queue.queuedBytes};
        return;
      case 'hold':
        return this.#phone.tellByTwilio();
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
}
