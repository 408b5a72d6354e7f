import {CallSid, StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import type {Random} from '@voicebridge/shared/testing/seeded-random.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import type {CarrierEvent, CarrierSocket, OnCarrierAudio} from '../../../services/media-edge/src/carriers/carrier.ts';
import type {MarkKnobs} from '../../../simulators/twilio/src/media/mark-returns.ts';
import {StreamClock} from '../../../simulators/twilio/src/media/stream-clock.ts';
import {PhonePlayer} from './phone-player.ts';
import {LOUD, QUIET} from './voice.ts';

const FRAME_MS: Millis = 20;
const [quiet, loud] = [Buffer.from(QUIET), Buffer.from(LOUD)];

export const VIRTUAL_CALL = CallSid.parse(`CA${'0'.repeat(32)}`);

/** A caller's telephone at the carrier: plays, returns marks, and speaks a frame every 20 ms. One stream at a time. */
export class VirtualPhone {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #marks: MarkKnobs | undefined;
  #streams = 0;
  #talkUntil: Millis = 0;
  #stream: PhoneStream | undefined;
  /** A stream was closed by us: with which code. */
  onClosed: (code: number) => void = () => {};

  /** `marks`: how they come back; as documented, if not given. */
  constructor(clock: Clock, random: Random, marks?: MarkKnobs) {
    this.#clock = clock;
    this.#random = random;
    this.#marks = marks;
  }

  /** The carrier opens a stream. */
  open(): CarrierSocket {
    this.#streams += 1;
    const streamSid = StreamSid.parse(`MZ${String(this.#streams).padStart(32, '0')}`);
    const isLoud = () => this.#clock.now() < this.#talkUntil;
    this.#stream = new PhoneStream({clock: this.#clock, random: this.#random, marks: this.#marks, streamSid, isLoud});
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
  readonly marks: MarkKnobs | undefined;
  readonly streamSid: StreamSid;
  readonly isLoud: () => boolean;
}

class PhoneStream {
  readonly socket: CarrierSocket;
  readonly #options: PhoneStreamOptions;
  readonly #player: PhonePlayer;
  readonly #numbers: StreamClock;
  readonly #closed = Promise.withResolvers<{code: number}>();
  #isOver = false;
  #onEvent: (event: CarrierEvent) => void = () => {};
  #onAudio: OnCarrierAudio = () => {};

  constructor(options: PhoneStreamOptions) {
    this.#options = options;
    const {clock, random, marks, streamSid} = options;
    const onMark = (name: string) => this.say({kind: 'markReturned', name});
    const player = new PhonePlayer({clock, random, marks, keepsAudio: false, onMark});
    this.#player = player;
    this.#numbers = new StreamClock(random);
    this.socket = {
      carrier: 'virtual',
      closed: this.#closed.promise,
      bufferedBytes: 0,
      sendAudio: (name, bytes, from, to) => {
        if (to > from) player.play(Buffer.from(bytes.toString('latin1', from, to), 'base64'));
        if (name !== '') player.mark(name);
      },
      sendMark: name => player.mark(name),
      sendClear: () => player.clear(),
      close: code => this.end(code),
      terminate: () => this.end(1_006),
      ping() {},
      onEvent: listener => (this.#onEvent = listener),
      onAudio: listener => (this.#onAudio = listener),
      onControl() {},
    };
    clock.after(0, () => {
      this.say({kind: 'started', callSid: VIRTUAL_CALL, streamSid, facts: {}});
      this.#speak();
    });
  }

  get isAudible(): boolean {
    return this.#player.isAudible;
  }

  say(event: CarrierEvent): void {
    if (!this.#isOver) this.#onEvent(event);
  }

  end(code: number): void {
    this.#isOver = true;
    this.#player.end();
    this.#closed.resolve({code});
  }

  #speak(): void {
    if (this.#isOver) return;
    const {clock, isLoud} = this.#options;
    const bytes = isLoud() ? loud : quiet;
    this.#onAudio(undefined, undefined, this.#numbers.next(FRAME_MS).timestamp, bytes, 0, bytes.length);
    clock.after(FRAME_MS, () => this.#speak());
  }
}
