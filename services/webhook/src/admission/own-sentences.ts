import {
  type ByNumber,
  type NumberSentences,
  type Sentences,
  sentencesFor,
} from '@voicebridge/shared/fleet/number-sentences.ts';
import {background, type Log} from '@voicebridge/shared/observability/log.ts';
import {every} from '@voicebridge/shared/ticker.ts';
import type {Cancel, Clock, Millis} from '@voicebridge/shared/time.ts';
import type {CallRequest} from './call-request.ts';

const READ_EVERY: Millis = 5_000;

/**
 * What webhooks know of assistants: which there are, and what those of numbers say where no worker can. It is read now and then, and not when it is needed: then Redis may
 * be away.
 */
export class OwnSentences implements Disposable {
  readonly #store: NumberSentences | undefined;
  readonly #log: Log;
  #known: ByNumber = {};
  #names: readonly string[] | undefined;
  readonly #stop: Cancel;
  #isReading = false;

  constructor(store: NumberSentences | undefined, {clock, log}: {readonly clock: Clock; readonly log: Log}) {
    this.#store = store;
    this.#log = log;
    this.#stop = store ? every(clock, READ_EVERY, () => background(this.read(), log, 'reading sentences')) : () => {};
  }

  /** Reads them; what was known stays if Redis does not answer. */
  async read(): Promise<void> {
    if (!this.#store || this.#isReading) return;
    this.#isReading = true;
    try {
      [this.#known, this.#names] = await Promise.all([this.#store.read(), this.#store.names()]);
    } catch (thrown) {
      this.#log.debug({err: thrown}, 'the sentences of numbers cannot be read');
    } finally {
      this.#isReading = false;
    }
  }

  /** What somebody who calls hears. We call others with an assistant that their number does not tell. */
  for({callee, direction}: Pick<CallRequest, 'callee' | 'direction'>): Sentences {
    return direction === 'inbound' ? sentencesFor(this.#known, callee) : {};
  }

  /** Whether the workers have an assistant of that name; undefined: they have not told. */
  has(assistant: string): boolean | undefined {
    return this.#names?.includes(assistant);
  }

  [Symbol.dispose](): void {
    this.#stop();
  }
}
