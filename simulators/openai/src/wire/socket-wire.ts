import type {Socket} from 'node:net';
import type {Cancel, Clock, Millis} from '@voicebridge/shared/time.ts';
import type {WebSocket} from 'ws';
import type {Knobs} from '../knobs/knobs.ts';
import type {Random} from '../random.ts';
import type {Wire} from './wire.ts';

/** One WebSocket with the faults of a network: delay, jitter, silence, resets. */
export class SocketWire implements Wire {
  readonly #socket: WebSocket;
  readonly #tcp: Socket;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #knobs: () => Readonly<Knobs>;
  #isFrozen = false;
  #held: (() => void)[] = [];
  #lastDue: Millis = 0;
  readonly #timers = new Set<Cancel>();

  constructor(socket: WebSocket, tcp: Socket, clock: Clock, random: Random, knobs: () => Readonly<Knobs>) {
    this.#socket = socket;
    this.#tcp = tcp;
    this.#clock = clock;
    this.#random = random;
    this.#knobs = knobs;
    socket.on('ping', payload => {
      if (!knobs().refusePongs && !this.#isFrozen) socket.pong(payload);
    });
    socket.on('close', () => {
      for (const cancel of this.#timers) cancel();
    });
  }

  send(text: string): void {
    this.#later(() => {
      if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(text);
    });
  }

  close(code: number, reason: string): void {
    this.#later(() => (code === 1005 ? this.#socket.close() : this.#socket.close(code, reason)));
  }

  reset(): void {
    this.#tcp.resetAndDestroy();
  }

  freeze(): void {
    this.#isFrozen = true;
    this.#socket.pause();
  }

  thaw(): void {
    this.#isFrozen = false;
    for (const send of this.#held.splice(0)) send();
    this.#socket.resume();
  }

  /** Delayed by the knob, never before what was sent earlier. */
  #later(run: () => void): void {
    const now = this.#clock.now();
    const delay = this.#random.between(this.#knobs().frameDelayMs);
    this.#lastDue = Math.max(this.#lastDue, now + delay);
    if (this.#lastDue <= now) return this.#pass(run);
    const cancel = this.#clock.after(this.#lastDue - now, () => {
      this.#timers.delete(cancel);
      this.#pass(run);
    });
    this.#timers.add(cancel);
  }

  #pass(run: () => void): void {
    if (this.#isFrozen) this.#held.push(run);
    else run();
  }
}
