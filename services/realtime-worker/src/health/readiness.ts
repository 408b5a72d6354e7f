import type {MediaBus} from '@voicebridge/shared/bus/media-bus.ts';
import type {Descriptors} from '@voicebridge/shared/observability/descriptors.ts';
import type {EventLoopLag} from '@voicebridge/shared/observability/event-loop-lag.ts';
import {measureTaking, type Metrics} from '@voicebridge/shared/observability/metrics.ts';
import {measureQueue, measureRedis} from '@voicebridge/shared/redis/redis-state.ts';
import type {WriteProbe} from '@voicebridge/shared/redis/write-probe.ts';
import type {ModelWatch} from './model-watch.ts';
import {judge, type Verdict, type WorkerState} from './worker-health.ts';

export interface ReadinessDeps {
  readonly calls: Pick<WorkerState, 'isDraining' | 'isFull'>;
  readonly bus: Pick<MediaBus, 'trouble'>;
  /** The health of the queue's Redis; that of the bus if not given. */
  readonly queue: Pick<WriteProbe, 'trouble' | 'hasWorked'> | undefined;
  readonly descriptors: Pick<Descriptors, 'scarce'>;
  readonly model: Pick<ModelWatch, 'trouble' | 'hasWorked'>;
  readonly others: {readonly areWell: boolean};
  readonly lag: Pick<EventLoopLag, 'worst'>;
  readonly metrics: Metrics;
}

/** Whether this worker is of use and takes calls, from what each of its parts knows. The rule is `judge`. */
export class Readiness {
  readonly #deps: ReadinessDeps;

  constructor(deps: ReadinessDeps) {
    this.#deps = deps;
  }

  /** As of now. */
  get verdict(): Verdict {
    const {calls, bus, queue, descriptors, model, others} = this.#deps;
    const redis = bus.trouble();
    return judge({
      isDraining: calls.isDraining,
      isFull: calls.isFull,
      descriptors: descriptors.scarce,
      redis,
      queue: queue ? queue.trouble : redis,
      queueHasWorked: queue ? queue.hasWorked : true,
      model: model.trouble,
      modelHasWorked: model.hasWorked,
      othersAreWell: others.areWell,
    });
  }

  /** Brings the metrics up to date. */
  measure(): void {
    const {bus, queue, lag, metrics} = this.#deps;
    metrics.eventLoopLag.set(lag.worst / 1_000);
    measureRedis(metrics, bus.trouble());
    measureQueue(metrics, queue ? queue.trouble : bus.trouble());
    measureTaking(metrics, this.verdict.notTaking);
  }
}
