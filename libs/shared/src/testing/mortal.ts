import type {MediaBus, Unsubscribe} from '../bus/media-bus.ts';
import {outletOverPublish} from '../bus/outlet-over-publish.ts';
import type {Cancel, Clock, Millis} from '../time.ts';

/**
 * One process inside a test that can hang (`SIGSTOP`) and be killed (`kill -9`). What it does while it hangs happens all at
 * once when it wakes up; what it does after it was killed never happens. Its clock, its bus and what else it calls are
 * wrapped, so that everything around it sees exactly that.
 */
export class Mortal {
  #state: 'lives' | 'hangs' | 'dead' = 'lives';
  #missed: (() => void)[] = [];
  readonly #subscriptions = new Set<Unsubscribe>();

  /** Runs now, when the process wakes up, or never. */
  do(run: () => void): void {
    if (this.#state === 'lives') run();
    else if (this.#state === 'hangs') this.#missed.push(run);
  }

  hang(): void {
    if (this.#state === 'lives') this.#state = 'hangs';
  }

  wake(): void {
    if (this.#state !== 'hangs') return;
    this.#state = 'lives';
    for (const run of this.#missed.splice(0)) this.do(run);
  }

  async kill(): Promise<void> {
    this.#state = 'dead';
    this.#missed = [];
    for (const unsubscribe of this.#subscriptions) await unsubscribe();
  }

  get lives(): boolean {
    return this.#state === 'lives';
  }

  /** The clock as this process sees it: timers run only while it lives. */
  clock(clock: Clock): Clock {
    return {
      now: () => clock.now(),
      wall: () => clock.wall(),
      after: (delay: Millis, run: () => void): Cancel => clock.after(delay, () => this.do(run)),
    };
  }

  /** Calls something for the process. The answer, too, arrives only while it lives. */
  #ask<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    const answer = Promise.withResolvers<Answer>();
    this.do(() => {
      void ask().then(
        value => this.do(() => answer.resolve(value)),
        (thrown: unknown) => this.do(() => answer.reject(thrown)),
      );
    });
    return answer.promise;
  }

  /** The bus as this process sees it. A kill ends its subscriptions. */
  bus(bus: MediaBus): MediaBus {
    const subscribe: MediaBus['subscribe'] = async (channel, listener) => {
      const unsubscribe = await bus.subscribe(channel, message => {
        const bytes = Buffer.from(message); // a process that hangs reads it later
        this.do(() => listener(bytes));
      });
      this.#subscriptions.add(unsubscribe);
      return async () => {
        this.#subscriptions.delete(unsubscribe);
        await unsubscribe();
      };
    };
    const publish: MediaBus['publish'] = (channel, message) => this.#ask(() => bus.publish(channel, message));
    return {
      countsAll: bus.countsAll,
      publish,
      outlet: (channel, delivered) => outletOverPublish(publish, channel, delivered),
      subscribe,
      holdPresence: channel => subscribe(channel, () => {}),
      wellSince: channel => bus.wellSince(channel),
      linkedSince: channel => bus.linkedSince(channel),
      trouble: () => bus.trouble(),
      [Symbol.asyncDispose]: async () => {},
    };
  }

  /** Wraps what the process shares with others and whose methods all return promises: the directory, the fleet, the queue. */
  asking<Thing extends object>(thing: Thing): Thing {
    return new Proxy(thing, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => this.#ask(() => Promise.resolve<unknown>(Reflect.apply(value, target, args)));
      },
    });
  }
}
