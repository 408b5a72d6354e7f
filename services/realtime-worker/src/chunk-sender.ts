import type {Log} from '@voicebridge/shared/observability/log.ts';
import type {Metrics} from '@voicebridge/shared/observability/metrics.ts';
import type {RecordingStore} from '@voicebridge/shared/recordings/recording-store.ts';
import {sleep} from '@voicebridge/shared/retry.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';

export interface ChunkSenderDeps {
  readonly store: Pick<RecordingStore, 'put'>;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** What waits for a store that is slow or unavailable, in bytes at most: seven minutes of ten calls. */
const WAITING_AT_MOST = 64 * 1024 * 1024;
/** Chunks that are on their way at the same time. */
const AT_ONCE = 4;
/** A chunk that the store refuses is tried again after these times, and then given up. */
const TRIES_AGAIN_AFTER: readonly Millis[] = [500, 2_000, 8_000, 20_000];
/** How often an unavailable store is logged. */
const TELLS_EVERY: Millis = 60_000;

interface Waiting {
  readonly key: string;
  readonly body: Buffer;
}

/** Brings the chunks of all recordings of a worker to their store. Calls never wait for it, nor notice that it is away. */
export class ChunkSender {
  readonly #deps: ChunkSenderDeps;
  readonly #waiting: Waiting[] = [];
  #bytes = 0;
  #working = 0;
  #toldAt = Number.NEGATIVE_INFINITY;
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(deps: ChunkSenderDeps) {
    this.#deps = deps;
  }

  send(key: string, body: Buffer): void {
    if (this.#bytes + body.length > WAITING_AT_MOST) return this.#lost('too much waits for the store');
    this.#bytes += body.length;
    this.#waiting.push({key, body});
    if (this.#working < AT_ONCE) void this.#work();
  }

  /** Resolves when nothing waits any more. */
  get idle(): Promise<void> {
    if (this.#working === 0) return Promise.resolve();
    this.#idle ??= Promise.withResolvers();
    return this.#idle.promise;
  }

  async #work(): Promise<void> {
    this.#working += 1;
    for (let chunk = this.#waiting.shift(); chunk; chunk = this.#waiting.shift()) {
      await this.#put(chunk);
      this.#bytes -= chunk.body.length;
    }
    this.#working -= 1;
    if (this.#working > 0) return;
    this.#idle?.resolve();
    this.#idle = undefined;
  }

  async #put({key, body}: Waiting): Promise<void> {
    const {store, clock, metrics} = this.#deps;
    for (let tries = 0; ; tries += 1) {
      try {
        await store.put(key, body);
        metrics.recordingChunksTotal.inc({outcome: 'stored'});
        return;
      } catch (thrown) {
        const wait = TRIES_AGAIN_AFTER[tries];
        if (wait === undefined) return this.#lost(thrown);
        await sleep(clock, wait);
      }
    }
  }

  #lost(why: unknown): void {
    const {clock, log, metrics} = this.#deps;
    metrics.recordingChunksTotal.inc({outcome: 'lost'});
    if (clock.now() - this.#toldAt < TELLS_EVERY) return;
    this.#toldAt = clock.now();
    const err = why instanceof Error ? why : new Error(String(why));
    log.error({err}, 'pieces of recordings are lost: RECORDINGS_URL cannot be used; the calls go on');
  }
}
