import {CallSid, ProcessId, StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import type {WorkerToEdge} from '@voicebridge/shared/protocol/worker-to-edge.ts';
import {type Random, seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import {StreamClock} from '../../../../simulators/twilio/src/media/stream-clock.ts';
import type {PlayQueue} from '../../../../simulators/twilio/src/phone/play-queue.ts';
import {PhonePlayer} from '../phone-player.ts';
import {LOUD, QUIET} from '../voice.ts';
import type {CoreCallOptions} from './core-call-options.ts';
import {fromEdge, type WorkerEvent} from './core-events.ts';

const FRAME_MS = 20;
/** Twilio asks for the next TwiML, or opens a stream. */
const ASKS_MS = 300;
/** Twilio says a sentence. */
const SENTENCE_MS = 3_500;
const SILENCE = 0xff;

const CALL = CallSid.parse(`CA${'0'.repeat(32)}`);
const STREAM = StreamSid.parse(`MZ${'0'.repeat(32)}`);
const EDGE = ProcessId.parse('edge-0001');

/** A clear that reached Twilio. Positions count the bytes played since the call began. */
export interface Landed {
  readonly at: Millis;
  readonly playedBytes: number;
  readonly discardedBytes: number;
}

interface CorePhoneDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly send: (event: WorkerEvent) => void;
  readonly isOver: () => boolean;
}

/** The caller's phone and Twilio as one, as a core sees them. What it plays is the ground truth for what was heard. */
export class CorePhone {
  readonly landed: Landed[] = [];
  /** What Twilio said to the caller while the worker had closed their stream. */
  readonly toldByTwilio: {readonly from: Millis; readonly to: Millis}[] = [];
  readonly #options: CoreCallOptions;
  readonly #deps: CorePhoneDeps;
  readonly #player: PhonePlayer;
  #numbers: StreamClock;
  /** Where in what is played there is sound, in bytes. */
  #sound: {readonly from: number; readonly to: number}[] = [];
  #isAway = false;
  #talkUntil: Millis = 0;
  #pickedUpTo = 0;

  constructor(options: CoreCallOptions, deps: CorePhoneDeps) {
    this.#options = options;
    this.#deps = deps;
    const {clock, random, send} = deps;
    const onMark = (name: string) => send(fromEdge({kind: 'mark', name}));
    const {marks, playback} = options;
    this.#player = new PhonePlayer({clock, random, marks, playback, keepsAudio: true, onMark});
    this.#numbers = new StreamClock(random);
  }

  get queue(): PlayQueue {
    return this.#player.queue;
  }

  get isAudible(): boolean {
    return this.#player.isAudible;
  }

  /** Like `isAudible`, but digital silence is not heard. */
  get hearsAssistant(): boolean {
    const head = this.isAudible ? this.queue.playedBytes : -1;
    return this.#sound.some(({from, to}) => from <= head && head < to);
  }

  /** The caller speaks from now on for so long. */
  talk(ms: Millis): void {
    this.#talkUntil = this.#deps.clock.now() + ms;
  }

  press(digit: string): void {
    if (!this.#isAway) this.#deps.send(fromEdge({kind: 'digit', digit}));
  }

  hangUp(): void {
    this.#deps.send(fromEdge({kind: 'ended', why: 'hungUp'}));
  }

  openStream(): void {
    this.#deps.send(fromEdge({kind: 'began', callSid: CALL, streamSid: STREAM, edge: EDGE}));
    this.#speakFrame();
  }

  /** The stream is closed, Twilio says a sentence, and the caller is back on another stream. */
  tellByTwilio(): void {
    const {clock, send} = this.#deps;
    const at = clock.now();
    this.#isAway = true;
    send(fromEdge({kind: 'ended', why: 'moved'}));
    const told = {from: at + ASKS_MS, to: at + ASKS_MS + SENTENCE_MS};
    this.toldByTwilio.push(told);
    clock.after(told.to + ASKS_MS - at, () => {
      this.#isAway = false;
      this.#numbers = new StreamClock(seededRandom(this.#options.seed + this.toldByTwilio.length));
      this.openStream();
    });
  }

  /** A frame of the worker arrives. */
  get(frame: WorkerToEdge): void {
    switch (frame.kind) {
      case 'audio': {
        const audio = Buffer.from(frame.payload, 'base64');
        this.#player.play(audio);
        const to = this.queue.playedBytes + this.queue.queuedBytes;
        if (audio.some(byte => byte !== SILENCE)) this.#sound.push({from: to - audio.length, to});
        return this.#player.mark(frame.mark);
      }
      case 'mark':
        return this.#player.mark(frame.name);
      case 'clear':
        return this.#player.clear(discardedBytes => {
          const {playedBytes} = this.queue;
          this.#sound = this.#sound.filter(({from}) => from < playedBytes);
          this.landed.push({at: this.#deps.clock.now(), playedBytes, discardedBytes});
        });
      case 'capture':
      case 'close':
        return undefined;
      default:
        return frame satisfies never;
    }
  }

  #speakFrame(): void {
    const {clock, send, isOver} = this.#deps;
    if (isOver() || this.#isAway) return;
    const {timestamp} = this.#numbers.next(FRAME_MS);
    send({type: 'callerFrame', timestamp, payload: this.#picksUp()});
    clock.after(FRAME_MS, () => this.#speakFrame());
  }

  #picksUp(): string {
    const now = this.#deps.clock.now();
    if (!this.#options.picksUp) return now < this.#talkUntil ? LOUD : QUIET;
    this.queue.advance(now);
    const before = this.#pickedUpTo;
    this.#pickedUpTo = this.queue.playedBytes;
    return this.#options.picksUp(now, this.queue.lastPlayed(this.#pickedUpTo - before));
  }
}
