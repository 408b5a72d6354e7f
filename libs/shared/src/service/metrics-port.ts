import type {MetricsConfig} from '../config/metrics-settings.ts';
import type {Metrics} from '../observability/metrics.ts';
import type {Clock} from '../time.ts';
import {closeServer, healthServer, listen, type Health, type MetricsReaders} from './http.ts';
import {boundStrangers} from './strangers.ts';

/** Who reads the metrics on PORT: nobody if they have a port of their own (ADR 22). */
export function readersOnPort({METRICS_PORT}: MetricsConfig): MetricsReaders {
  return METRICS_PORT === undefined ? 'thisMachine' : 'nobody';
}

/** A port for the metrics, which is the private one. */
export interface MetricsPort extends AsyncDisposable {
  /** Differs from METRICS_PORT if that is 0; undefined if the metrics have no port of their own. */
  readonly port: number | undefined;
}

/** Opens METRICS_PORT, which answers what PORT says of health and the metrics. Rejects with `CannotStart` if it is taken. */
export async function openMetricsPort(
  {METRICS_PORT, METRICS_HOST}: MetricsConfig,
  {health, metrics, clock}: {readonly health: Health; readonly metrics: Metrics; readonly clock: Clock},
): Promise<MetricsPort> {
  if (METRICS_PORT === undefined) return {port: undefined, [Symbol.asyncDispose]: async () => {}};
  const server = healthServer(health, metrics, 'everybody');
  const strangers = boundStrangers(server, {clock, onCut: reason => metrics.strangersCutTotal.inc({reason})});
  const port = await listen(server, METRICS_PORT, 'METRICS_PORT', METRICS_HOST);
  return {
    port,
    async [Symbol.asyncDispose]() {
      strangers[Symbol.dispose]();
      await closeServer(server);
    },
  };
}
