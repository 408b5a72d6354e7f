import type {MediaBus, Unsubscribe} from '@voicebridge/shared/bus/media-bus.ts';

/** The bus as one process sees it that can die (`kill -9`) or hang (`SIGSTOP`) and wake up again. */
export class MortalBus implements MediaBus {
  readonly #bus: MediaBus;
  readonly #subscriptions = new Set<Unsubscribe>();
  #state: 'lives' | 'hangs' | 'dead' = 'lives';
  #missed: (() => void)[] = [];

  constructor(bus: MediaBus) {
    this.#bus = bus;
  }

  async publish(channel: string, message: Buffer): Promise<number> {
    if (this.#state === 'lives') return this.#bus.publish(channel, message);
    if (this.#state === 'dead') throw new Error('this process is dead');
    return new Promise(resolve => this.#missed.push(() => resolve(this.#bus.publish(channel, message))));
  }

  async subscribe(channel: string, listener: (message: Buffer) => void): Promise<Unsubscribe> {
    const unsubscribe = await this.#bus.subscribe(channel, message => {
      if (this.#state === 'lives') listener(message);
      else if (this.#state === 'hangs') this.#missed.push(() => listener(message));
    });
    this.#subscriptions.add(unsubscribe);
    return unsubscribe;
  }

  holdPresence(channel: string): Promise<Unsubscribe> {
    return this.subscribe(channel, () => {});
  }

  wellSince(): number | undefined {
    return this.#bus.wellSince();
  }

  linkedSince(): number | undefined {
    return this.#bus.linkedSince();
  }

  trouble(): ReturnType<MediaBus['trouble']> {
    return this.#bus.trouble();
  }

  async kill(): Promise<void> {
    this.#state = 'dead';
    for (const unsubscribe of this.#subscriptions) await unsubscribe();
  }

  hang(): void {
    this.#state = 'hangs';
  }

  /** Everything that waited is done at once, as after SIGCONT. */
  wake(): void {
    this.#state = 'lives';
    for (const run of this.#missed.splice(0)) run();
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
