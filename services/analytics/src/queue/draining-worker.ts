import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import {Worker, type Queue, type Processor, type WorkerOptions} from 'bullmq';

/** How long to wait for Redis when nothing is in hand any more. One that is away never confirms the close. */
const GOODBYE: Millis = 1_000;

/** A worker of BullMQ whose drain ends although its Redis is away: BullMQ's own waits until Redis is back. */
export class DrainingWorker extends Worker<unknown, string> {
  readonly #inHand: Set<Promise<string>>;
  readonly #clock: Clock;

  constructor(name: string, run: Processor<unknown, string>, {clock, ...options}: WorkerOptions & {clock: Clock}) {
    const inHand = new Set<Promise<string>>();
    super(
      name,
      async (...given) => {
        const running = run(...given);
        inHand.add(running);
        return await running.finally(() => inHand.delete(running));
      },
      options,
    );
    this.#inHand = inHand;
    this.#clock = clock;
  }

  /** Takes no more jobs; resolves when those in hand are over. */
  async drain(): Promise<void> {
    const closed = this.close();
    await Promise.race([closed, Promise.allSettled(this.#inHand)]);
    await this.#within(closed);
  }

  /** Closes its connections and those of its queue, whatever is in hand. */
  async end(queue: Pick<Queue, 'close'>): Promise<void> {
    await this.#within(Promise.all([this.close(true), queue.close()]));
  }

  async #within(work: Promise<unknown>): Promise<void> {
    const late = Promise.withResolvers<void>();
    const cancel = this.#clock.after(GOODBYE, late.resolve);
    await Promise.race([work, late.promise]).finally(cancel);
  }
}
