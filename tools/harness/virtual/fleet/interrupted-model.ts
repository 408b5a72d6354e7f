import {every} from '@voicebridge/shared/ticker.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import type {
  ModelAdapter,
  ModelCommand,
  ModelEvent,
  ModelListener,
  ModelSession,
} from '../../../../services/realtime-worker/src/model/model-adapter.ts';
import {taggedAudio} from '../../../../simulators/openai/src/audio/tagged-audio.ts';
import {readFrameTag} from '../../../../simulators/twilio/src/phone/frame-tag.ts';

const READY_AFTER_MS: Millis = 40;
const FIRST_SOUND_MS: Millis = 300;
const DELTA_MS = 100;
const REPLY_MS = 15_000;
/** How long a caller speaks, with the silence that proves the end. */
const SPEECH_MS: Millis = 700;

/**
 * A model that answers whatever it hears with a long reply, `speed` times as fast as it is played, and hears its caller when
 * `interrupt` says so. The audio of each reply carries its number.
 */
export class InterruptedModel {
  /** So many ms of each reply came, by the number that its audio carries. */
  readonly saidMs = new Map<number, Millis>();
  readonly #sessions = new Set<InterruptedSession>();
  readonly #speed: number;
  #replies = 0;

  constructor(speed: number) {
    this.#speed = speed;
  }

  adapter(clock: Clock, owner: object): ModelAdapter {
    const audio = {encoding: 'mulaw', rateHz: 8_000} as const;
    return {
      traits: {interruption: 'ours', answersTurns: true, hostsMcp: false, audio},
      open: () => {
        const session: InterruptedSession = new InterruptedSession(clock, owner, this.#speed, {
          newReply: () => (this.#replies += 1),
          said: (reply, ms) => void this.saidMs.set(reply, ms),
          closed: () => void this.#sessions.delete(session),
        });
        this.#sessions.add(session);
        return session;
      },
    };
  }

  end(owner: object): void {
    for (const session of this.#sessions) if (session.owner === owner) session.close();
  }

  /** The caller speaks over what they hear. False: no session hears them now. */
  interrupt(caller: number): boolean {
    const session = [...this.#sessions].findLast(each => each.caller === caller && each.isReady);
    session?.callerSpeaks();
    return session !== undefined;
  }
}

interface Deps {
  readonly newReply: () => number;
  readonly said: (reply: number, ms: Millis) => void;
  readonly closed: () => void;
}

class InterruptedSession implements ModelSession {
  readonly owner: object;
  isReady = false;
  /** Whose frames it gets. */
  caller: number | undefined;
  readonly #clock: Clock;
  readonly #speed: number;
  readonly #deps: Deps;
  readonly #waiting: ModelEvent[] = [];
  #listener: ModelListener | undefined;
  #stop = () => {};
  #responseId: string | undefined;
  #responds = false;
  #turns = 0;
  #isClosed = false;

  constructor(clock: Clock, owner: object, speed: number, deps: Deps) {
    this.owner = owner;
    this.#clock = clock;
    this.#speed = speed;
    this.#deps = deps;
    clock.after(READY_AFTER_MS, () => {
      this.isReady = true;
      this.#say({type: 'ready'});
    });
  }

  callerSpeaks(): void {
    this.#turns += 1;
    const itemId = `caller-${this.#turns}-${this.#deps.newReply()}`;
    this.#say({type: 'callerSpoke', itemId, fromMs: undefined});
    this.#end('cancelled');
    this.#clock.after(SPEECH_MS, () => {
      this.#say({type: 'callerStopped', itemId, untilMs: undefined});
      this.#say({type: 'turnCommitted', itemId});
      if (this.#responds) this.#reply(undefined);
    });
  }

  send(command: ModelCommand): void {
    if (command.do === 'interruptible') this.#responds = command.responds;
    else if (command.do === 'respond') this.#reply(command.tag);
    else if (command.do === 'cancel' && command.responseId === this.#responseId) this.#end('cancelled');
  }

  hear(bytes: Buffer, from: number, to: number): void {
    if (this.caller === undefined)
      this.caller = readFrameTag(Buffer.from(bytes.toString('latin1', from, to), 'base64'), 0)?.tag;
  }

  setPaused(): void {}

  onEvent(listener: ModelListener): void {
    this.#listener = listener;
    for (const event of this.#waiting.splice(0)) listener(event);
  }

  close(): void {
    this.#isClosed = true;
    this.#stop();
    this.#deps.closed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  #reply(tag: string | undefined): void {
    this.#end('cancelled');
    const number = this.#deps.newReply();
    const [responseId, itemId] = [`response-${number}`, `item-${number}`];
    const voice = taggedAudio(number, REPLY_MS);
    let said = 0;
    this.#responseId = responseId;
    this.#say({type: 'responseStarted', responseId, tag});
    const begins = this.#clock.after(FIRST_SOUND_MS, () => {
      const ends = every(this.#clock, DELTA_MS / this.#speed, () => {
        const payload = voice.subarray(said * 8, (said + DELTA_MS) * 8).toString('base64');
        said += DELTA_MS;
        this.#deps.said(number, said);
        this.#say({type: 'audio', responseId, itemId, payload});
        if (said < REPLY_MS) return;
        this.#say({type: 'audioEnded', itemId});
        this.#end('completed');
      });
      this.#stop = ends;
    });
    this.#stop = begins;
  }

  #end(status: 'cancelled' | 'completed'): void {
    this.#stop();
    this.#stop = () => {};
    const responseId = this.#responseId;
    this.#responseId = undefined;
    if (responseId === undefined) return;
    this.#say({type: 'responseEnded', responseId, status, reason: undefined, tokens: undefined});
  }

  #say(event: ModelEvent): void {
    if (this.#isClosed) return;
    if (this.#listener) this.#listener(event);
    else this.#waiting.push(event);
  }
}
