import {background} from '@voicebridge/shared/observability/log.ts';
import {sleep} from '@voicebridge/shared/retry.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import {type FinishedCall, type SendCdrDeps, sendCdrWithRetries} from './send-cdr.ts';

/** Sends the records of the calls of this worker, and knows which are not sent yet. */
export class CdrSender {
  readonly #deps: SendCdrDeps;
  readonly #clock: Clock;
  readonly #unsent = new Set<Promise<void>>();
  readonly #stop = new AbortController();

  constructor(deps: SendCdrDeps, clock: Clock) {
    this.#deps = deps;
    this.#clock = clock;
  }

  /** Sends a record, again after each failure. Never rejects. */
  send(call: FinishedCall): Promise<void> {
    const {metrics, log} = this.#deps;
    const sent = sendCdrWithRetries(call, this.#deps, {clock: this.#clock, signal: this.#stop.signal});
    this.#unsent.add(sent);
    metrics.recordsUnsent.set(this.#unsent.size);
    background(
      sent.finally(() => {
        this.#unsent.delete(sent);
        metrics.recordsUnsent.set(this.#unsent.size);
      }),
      log,
      'recording',
    );
    return sent;
  }

  /** Resolves when all records so far are sent or given up. */
  async allSent(): Promise<void> {
    await Promise.all(this.#unsent);
  }

  /** Waits for the records for so long, and then sends no more. What is not sent stays open for the orphan sweep. */
  async close(withinMs: Millis): Promise<void> {
    await Promise.race([this.allSent(), sleep(this.#clock, withinMs)]);
    this.#stop.abort();
  }
}
