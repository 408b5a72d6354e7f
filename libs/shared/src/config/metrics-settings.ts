import {host, port} from './config.ts';

/** Where a process shows its metrics. */
export const metricsSettings = {
  METRICS_PORT: port()
    .optional()
    .describe(
      'a separate port for /metrics; not set: /metrics is on PORT, for this machine only. npm start gives it to the first process, and the following ports to the others',
    ),
  METRICS_HOST: host()
    .default('127.0.0.1')
    .describe('the address to listen on for METRICS_PORT; in a container 0.0.0.0, never one that strangers reach'),
};

export interface MetricsConfig {
  readonly METRICS_PORT?: number | undefined;
  readonly METRICS_HOST: string;
}
