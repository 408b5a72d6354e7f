import {main, serve} from '@voicebridge/shared/service/lifecycle.ts';
import {AnalyticsEnv} from '../../../../services/analytics/src/config.ts';
import {startAnalytics} from '../../../../services/analytics/src/start-analytics.ts';
import type {KillAsked} from '../../../start/kill-as-asked.ts';

/** Analytics as `npm run talk` runs it: the page of the phone may have the processes killed that carry its call. */
await main('analytics', AnalyticsEnv, async ({config, log, stop, clock}) => {
  const kill = (what: KillAsked['kill'], id: string) => void process.send?.({kill: what, id} satisfies KillAsked);
  const analytics = await startAnalytics(config, {clock, log, kill, secret: name => process.env[name]});
  await serve(analytics, {stop, deadline: config.DRAIN_SECONDS * 1_000, clock, log});
});
