import type {CallDirectory} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {MediaBus, Unsubscribe} from '@voicebridge/shared/bus/media-bus.ts';
import type {Cancel, Clock, Millis} from '@voicebridge/shared/time.ts';

/**
 * One process that can hang (`SIGSTOP`) and die (`kill -9`), as everything it touches sees it: what it does while it
 * hangs happens when it wakes up, all at once; what it does when it is dead never happens.
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

  clock(clock: Clock): Clock {
    return {
      now: () => clock.now(),
      wall: () => clock.wall(),
      after: (delay: Millis, run: () => void): Cancel => clock.after(delay, () => this.do(run)),
    };
  }

  /** Asked for something by the process; the answer, too, only reaches it while it lives. */
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

  bus(bus: MediaBus): MediaBus {
    const subscribe: MediaBus['subscribe'] = async (channel, listener) => {
      const unsubscribe = await bus.subscribe(channel, message => this.do(() => listener(message)));
      this.#subscriptions.add(unsubscribe);
      return async () => {
        this.#subscriptions.delete(unsubscribe);
        await unsubscribe();
      };
    };
    return {
      publish: (channel, message) => this.#ask(() => bus.publish(channel, message)),
      subscribe,
      holdPresence: channel => subscribe(channel, () => {}),
      wellSince: () => bus.wellSince(),
      linkedSince: () => bus.linkedSince(),
      trouble: () => bus.trouble(),
      [Symbol.asyncDispose]: async () => {},
    };
  }

  /** Whatever the process asks of something that others share: the directory, the fleet, the queue. */
  asking<Thing extends object>(thing: Thing): Thing {
    return new Proxy(thing, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => this.#ask(() => Reflect.apply(value, target, args) as Promise<unknown>);
      },
    });
  }
}

/** Redis, which can be away for everybody at once. */
export function unreachableWhile<Thing extends object>(isDown: () => boolean, thing: Thing): Thing {
  return new Proxy(thing, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) =>
        isDown() ? Promise.reject(new Error('Redis is away')) : (Reflect.apply(value, target, args) as unknown);
    },
  });
}

/** A directory that notices when an epoch goes down. */
export function watched(directory: CallDirectory, broken: (rule: string) => void): CallDirectory {
  const epochs = new Map<string, number>();
  return new Proxy(directory, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]) => {
        const result: unknown = await Reflect.apply(value, target, args);
        if (typeof args[0] === 'string' && args[0].startsWith('CA')) {
          const call = await target.read(args[0] as Parameters<CallDirectory['read']>[0]);
          const before = epochs.get(args[0]) ?? 0;
          if (call && call.epoch < before) broken(`the epoch of ${args[0]} went from ${before} to ${call.epoch}`);
          if (call) epochs.set(args[0], call.epoch);
        }
        return result;
      };
    },
  });
}
