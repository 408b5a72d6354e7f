import {CallSid, StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import type {Random} from '@voicebridge/shared/testing/seeded-random.ts';
import type {Cancel, Clock, Millis} from '@voicebridge/shared/time.ts';
import type {CarrierEvent, CarrierSocket, OnCarrierAudio} from '../../services/media-edge/src/carriers/carrier.ts';
import {MarkReturns} from '../../simulators/twilio/src/media/mark-returns.ts';
import {StreamClock} from '../../simulators/twilio/src/media/stream-clock.ts';
import {PlayQueue, type ReturnedMark} from '../../simulators/twilio/src/phone/play-queue.ts';

const FRAME_MS: Millis = 20;
const QUIET = Buffer.from(Buffer.alloc(160, 0xff).toString('base64'));
/** A square wave, loud enough for any threshold. */
const LOUD = Buffer.from(
  Buffer.from(Array.from({length: 160}, (_, at) => (Math.floor(at / 8) % 2 ? 0x10 : 0x90))).toString('base64'),
);

export const VIRTUAL_CALL = CallSid.parse(`CA${'0'.repeat(32)}`);

/** A caller's telephone at the carrier: plays, returns marks, and speaks a frame every 20 ms. One stream at a time. */
export class VirtualPhone {
  readonly #clock: Clock;
  readonly #random: Random;
  #streams = 0;
  #talkUntil: Millis = 0;
  #stream: PhoneStream | undefined;
  /** A stream was closed by us: with which code. */
  onClosed: (code: number) => void = () => {};

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** The carrier opens a stream. */
  open(): CarrierSocket {
    this.#streams += 1;
    const streamSid = StreamSid.parse(`MZ${String(this.#streams).padStart(32, '0')}`);
    const isLoud = () => this.#clock.now() < this.#talkUntil;
    this.#stream = new PhoneStream({clock: this.#clock, random: this.#random, streamSid, isLoud});
    void this.#stream.socket.closed.then(({code}) => this.onClosed(code));
    return this.#stream.socket;
  }

  talk(ms: Millis): void {
    this.#talkUntil = this.#clock.now() + ms;
  }

  press(digit: string): void {
    this.#stream?.say({kind: 'digit', digit});
  }

  hangUp(): void {
    this.#stream?.say({kind: 'stopped'});
  }

  /** The network between carrier and edge breaks. */
  lose(): void {
    this.#stream?.end(1_006);
  }

  get isSpokenTo(): boolean {
    return this.#stream?.isAudible ?? false;
  }
}

interface PhoneStreamOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly streamSid: StreamSid;
  readonly isLoud: () => boolean;
}

class PhoneStream {
  readonly socket: CarrierSocket;
  readonly #options: PhoneStreamOptions;
  readonly #queue = new PlayQueue(false);
  readonly #returns: MarkReturns;
  readonly #numbers: StreamClock;
  readonly #closed = Promise.withResolvers<{code: number}>();
  #isOver = false;
  #wake: Cancel = () => {};
  #onEvent: (event: CarrierEvent) => void = () => {};
  #onAudio: OnCarrierAudio = () => {};

  constructor(options: PhoneStreamOptions) {
    this.#options = options;
    const {clock, random, streamSid} = options;
    this.#returns = new MarkReturns(this.#queue, {}, random);
    this.#numbers = new StreamClock(random);
    const mark = (name: string) => this.#echo(this.#queue.mark(name, clock.now()));
    this.socket = {
      carrier: 'virtual',
      closed: this.#closed.promise,
      bufferedBytes: 0,
      sendAudio: (name, bytes, from, to) => {
        if (to > from)
          this.#echo(
            this.#queue.enqueue(Buffer.from(bytes.toString('latin1', from, to), 'base64'), clock.now()).passed,
          );
        if (name !== '') mark(name);
      },
      sendMark: mark,
      sendClear: () => this.#echo(this.#queue.clear(clock.now()).returned),
      close: code => this.end(code),
      terminate: () => this.end(1_006),
      ping() {},
      onEvent: listener => (this.#onEvent = listener),
      onAudio: listener => (this.#onAudio = listener),
      onPong() {},
    };
    clock.after(0, () => {
      this.say({kind: 'started', callSid: VIRTUAL_CALL, streamSid, facts: {}});
      this.#speak();
    });
  }

  get isAudible(): boolean {
    this.#queue.advance(this.#options.clock.now());
    return this.#queue.audible(this.#options.clock.now());
  }

  say(event: CarrierEvent): void {
    if (!this.#isOver) this.#onEvent(event);
  }

  end(code: number): void {
    this.#isOver = true;
    this.#wake();
    this.#closed.resolve({code});
  }

  #speak(): void {
    if (this.#isOver) return;
    const {clock, isLoud} = this.#options;
    const bytes = isLoud() ? LOUD : QUIET;
    this.#onAudio(undefined, undefined, this.#numbers.next(FRAME_MS).timestamp, bytes, 0, bytes.length);
    clock.after(FRAME_MS, () => this.#speak());
  }

  #echo(marks: readonly ReturnedMark[]): void {
    const {clock} = this.#options;
    const at = clock.now();
    this.#returns.add(marks, at);
    for (const {name} of this.#returns.take(at)) this.say({kind: 'markReturned', name});
    this.#wake();
    const dueAt = Math.min(this.#queue.dueAt, this.#returns.dueAt);
    if (!Number.isFinite(dueAt) || this.#isOver) return;
    this.#wake = clock.after(Math.max(0, dueAt - at), () => this.#echo(this.#queue.advance(clock.now())));
  }
}
