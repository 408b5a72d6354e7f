import {main, serve} from '@voicebridge/shared/service/lifecycle.ts';
import {openTraces} from '@voicebridge/shared/observability/trace.ts';
import {AnalyticsEnv} from './config.ts';
import {startAnalytics} from './start-analytics.ts';

await main('analytics', AnalyticsEnv, async ({config, log, stop, clock}) => {
  await using traces = await openTraces('analytics', config.OTEL_EXPORTER_OTLP_ENDPOINT, log);
  const analytics = await startAnalytics(config, {clock, log, traces, secret: name => process.env[name]});
  await serve(analytics, {stop, deadline: config.DRAIN_SECONDS * 1_000, clock, log});
});
