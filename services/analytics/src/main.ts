import {loadConfig} from '@voicebridge/shared/config.ts';
import {main, serve} from '@voicebridge/shared/lifecycle.ts';
import {AnalyticsEnv} from './config.ts';
import {startAnalytics} from './start-analytics.ts';

await main('analytics', async ({env, log, stop, clock}) => {
  const config = loadConfig(AnalyticsEnv, env);
  const analytics = await startAnalytics(config, {clock, log});
  await serve(analytics, {stop, deadline: config.DRAIN_SECONDS * 1_000, clock, log});
});
