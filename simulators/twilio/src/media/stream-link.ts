import type {Cancel, Clock, Millis} from '@voicebridge/shared/time.ts';
import {DelayLine} from './delay-line.ts';
import type {Random} from '@voicebridge/shared/testing/seeded-random.ts';
import {type SocketEnd, StreamSocket} from './stream-socket.ts';

/** What comes from the server, when the network has let it through. */
export type Arrival =
  | {readonly opened: true}
  | {readonly text: string}
  | {readonly binary: number}
  | {readonly ended: SocketEnd};

export interface StreamLinkOptions {
  readonly url: string;
  readonly signature: string;
  /** One way, and ± jitter; nothing overtakes. */
  readonly network: {readonly delay: Millis; readonly jitter: Millis};
  readonly upgradeTimeout: Millis;
  readonly answerPings: boolean;
}

export interface StreamLinkDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly arrived: (arrival: Arrival, at: Millis) => void;
  /** The close frame has left: nothing travels upwards any more. */
  readonly left: () => void;
  /** `dueAt` has changed. */
  readonly changed: () => void;
}

type Departure = {readonly text: string} | {readonly close: number | undefined};

/** The way between Twilio and a server: a socket with a network in each direction, which delays and keeps the order. */
export class StreamLink {
  readonly #options: StreamLinkOptions;
  readonly #deps: StreamLinkDeps;
  readonly #up = new DelayLine<Departure>();
  readonly #down = new DelayLine<Arrival>();
  readonly #gone = Promise.withResolvers<void>();
  #socket: StreamSocket | undefined;
  #cancelLater: Cancel = () => {};

  constructor(options: StreamLinkOptions, deps: StreamLinkDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  /** The request for the upgrade travels like everything else. */
  connect(): void {
    const {network, url, signature, upgradeTimeout, answerPings} = this.#options;
    const {clock} = this.#deps;
    const connect = () => {
      this.#socket = new StreamSocket(
        {url, signature, clock, upgradeTimeout, answerPings},
        {
          opened: () => this.#receive({opened: true}),
          text: text => this.#receive({text}),
          binary: bytes => this.#receive({binary: bytes}),
          ended: end => {
            this.#gone.resolve();
            this.#receive({ended: end});
          },
        },
      );
    };
    if (network.delay > 0) this.#cancelLater = clock.after(network.delay, connect);
    else connect();
  }

  /** The socket is closed, or lost: the server hears nothing more. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  get dueAt(): Millis {
    return Math.min(this.#up.dueAt, this.#down.dueAt);
  }

  send(text: string): void {
    this.#depart({text});
  }

  close(code: number | undefined): void {
    this.#cancelLater();
    this.#depart({close: code});
  }

  /** Lets arrive what has travelled long enough. */
  deliver(at: Millis): void {
    for (let next = this.#down.take(at); next; next = this.#down.take(at))
      this.#deps.arrived(next.item, next.arrivesAt);
  }

  /** Lets depart what has travelled long enough. */
  flush(at: Millis): void {
    for (let next = this.#up.take(at); next; next = this.#up.take(at)) this.#leave(next.item);
  }

  /** A TCP reset, at once and for both sides; what travelled is lost. */
  reset(): void {
    this.#drop();
    this.#socket?.reset();
  }

  /** Nothing travels any more, and the server is not told. After `ms` the socket goes too. */
  freeze(ms: Millis): void {
    this.#drop();
    this.#socket?.freeze();
    this.#cancelLater = this.#deps.clock.after(ms, () => this.#socket?.destroy());
  }

  destroy(): void {
    this.#drop();
    this.#socket?.destroy();
  }

  #drop(): void {
    this.#gone.resolve();
    this.#cancelLater();
    this.#up.drop();
    this.#down.drop();
  }

  #receive(arrival: Arrival): void {
    const at = this.#deps.clock.now();
    const late = this.#late();
    this.#down.push(arrival, at, late);
    if (late === 0) this.deliver(at);
    this.#deps.changed();
  }

  #depart(departure: Departure): void {
    const late = this.#late();
    if (late === 0 && this.#up.dueAt === Infinity) return this.#leave(departure);
    this.#up.push(departure, this.#deps.clock.now(), late);
    return this.#deps.changed();
  }

  #leave(departure: Departure): void {
    if ('text' in departure) return this.#socket?.send(departure.text);
    if (this.#socket) this.#socket.close(departure.close);
    else this.#gone.resolve();
    return this.#deps.left();
  }

  #late(): Millis {
    const {delay, jitter} = this.#options.network;
    return delay + jitter > 0 ? Math.max(0, delay + this.#deps.random.between(-jitter, jitter)) : 0;
  }
}
