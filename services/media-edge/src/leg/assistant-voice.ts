import {msOfBase64In} from '@voicebridge/shared/protocol/audio.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import type {CarrierSocket} from '../carriers/carrier.ts';
import type {PeerLimits} from './peer-limits.ts';
import {Playout} from './playout.ts';

/** What one caller is sent of the assistant, and how much of it may still be audible. */
export class AssistantVoice {
  readonly #socket: Pick<CarrierSocket, 'sendAudio' | 'sendMark' | 'sendClear'>;
  readonly #limits: PeerLimits;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #playout = new Playout();

  constructor(
    socket: Pick<CarrierSocket, 'sendAudio' | 'sendMark' | 'sendClear'>,
    limits: PeerLimits,
    clock: Pick<Clock, 'now'>,
  ) {
    this.#socket = socket;
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Audio and the mark behind it, as `CarrierSocket.sendAudio` takes them. */
  audio(mark: string, bytes: Buffer, from: number, to: number): void {
    if (mark !== '') this.#limits.markSent();
    this.#socket.sendAudio(mark, bytes, from, to);
    this.#playout.sent(msOfBase64In(bytes, from, to), mark, this.#clock.now());
  }

  mark(name: string): void {
    this.#limits.markSent();
    this.#socket.sendMark(name);
    this.#playout.sent(0, name, this.#clock.now());
  }

  clear(): void {
    this.#socket.sendClear();
    this.#playout.cleared(this.#clock.now());
  }

  markReturned(name: string): void {
    this.#playout.returned(name);
  }

  /** Nothing of the assistant is audible or waits to be played. */
  quiet(at: Millis): boolean {
    return this.#playout.quiet(at);
  }
}
