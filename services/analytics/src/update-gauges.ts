import type {EventLoopLag} from '@voicebridge/shared/observability/event-loop-lag.ts';
import type {Metrics} from '@voicebridge/shared/observability/metrics.ts';
import {measureRedis} from '@voicebridge/shared/redis/redis-state.ts';
import type {WriteProbe} from '@voicebridge/shared/redis/write-probe.ts';
import {every} from '@voicebridge/shared/ticker.ts';
import type {Cancel, Clock, Millis} from '@voicebridge/shared/time.ts';
import type {DatabaseWatch} from './database/database-watch.ts';
import type {Consumer} from './ingest/consume-calls.ts';

/** How often the gauges of /metrics are updated. */
const PERIOD: Millis = 5_000;

export interface GaugeSources {
  readonly metrics: Metrics;
  readonly database: DatabaseWatch;
  readonly probe: WriteProbe;
  readonly lag: EventLoopLag;
  readonly consumer: Consumer;
  readonly clock: Clock;
}

/** Keeps the gauges of /metrics up to date until it is cancelled. */
export function updateGauges({metrics, database, probe, lag, consumer, clock}: GaugeSources): Cancel {
  return every(clock, PERIOD, () => {
    metrics.analyticsDatabaseUp.set(database.reason === undefined ? 1 : 0);
    measureRedis(metrics, probe.trouble);
    metrics.eventLoopLag.set(lag.worst / 1_000);
    // While Redis is unavailable the gauges keep their last values.
    consumer.backlog().then(
      ({waiting, oldestAt}) => {
        metrics.analyticsRecordsWaiting.set(waiting);
        metrics.analyticsQueueAge.set(oldestAt === undefined ? 0 : Math.max(0, clock.wall() - oldestAt) / 1_000);
      },
      () => {},
    );
  });
}
