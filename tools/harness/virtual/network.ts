import type {Clock, Millis} from '@voicebridge/shared/time.ts';

/** One direction of a network, in milliseconds: every message takes `delay` ± `jitter`, in order. */
export interface Network {
  readonly delay: Millis;
  readonly jitter: Millis;
}

/** One direction, on a virtual clock. */
export class Line<Message> {
  readonly #clock: Clock;
  readonly #network: Network;
  readonly #random: () => number;
  readonly #arrive: (message: Message) => void;
  #lastArrival: Millis = 0;
  #isCut = false;

  constructor(clock: Clock, network: Network, random: () => number, arrive: (message: Message) => void) {
    this.#clock = clock;
    this.#network = network;
    this.#random = random;
    this.#arrive = arrive;
  }

  send(message: Message): void {
    const {delay, jitter} = this.#network;
    const now = this.#clock.now();
    const late = Math.max(0, delay + jitter * (2 * this.#random() - 1));
    this.#lastArrival = Math.max(this.#lastArrival, now + late);
    if (this.#lastArrival === now && late === 0) return this.#deliver(message);
    this.#clock.after(this.#lastArrival - now, () => this.#deliver(message));
  }

  cut(): void {
    this.#isCut = true;
  }

  #deliver(message: Message): void {
    if (!this.#isCut) this.#arrive(message);
  }
}
