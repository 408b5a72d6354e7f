import type {Log} from '@voicebridge/shared/observability/log.ts';
import type {Metrics} from '@voicebridge/shared/observability/metrics.ts';
import {codeIn} from '@voicebridge/shared/protocol/code-in.ts';
import {modelEventLabel} from './error-label.ts';
import type {ModelEvent} from '../model/model-adapter.ts';

/** Model events that were read without a damaged part: counted each time, and logged once for each type and call. */
export class MendedEvents {
  readonly #metrics: Metrics;
  readonly #log: Log;
  readonly #types = new Set<string>();

  constructor(metrics: Metrics, log: Log) {
    this.#metrics = metrics;
    this.#log = log;
  }

  note({event, detail}: Extract<ModelEvent, {type: 'mended'}>): void {
    const label = modelEventLabel(event);
    this.#metrics.modelEventsMendedTotal.inc({type: label});
    if (this.#types.has(label)) return;
    this.#types.add(label);
    this.#log.warn({event: codeIn(event) ?? 'unreadable', detail}, 'unexpected event from the model');
  }
}
