import {RedisCallDirectory} from '@voicebridge/shared/call-directory/redis-call-directory.ts';
import {RedisNumberSentences} from '@voicebridge/shared/fleet/number-sentences.ts';
import {RedisFleet} from '@voicebridge/shared/fleet/redis-fleet.ts';
import {FleetKey} from '@voicebridge/shared/protocol/fleet-key.ts';
import {main, serve} from '@voicebridge/shared/service/lifecycle.ts';
import {RedisSpendLedger} from '@voicebridge/shared/spend/redis-spend-ledger.ts';
import {checkRedis} from '@voicebridge/shared/redis/check-redis.ts';
import {openRedis} from '@voicebridge/shared/redis/connect.ts';
import {openRedisMediaBus} from '@voicebridge/shared/bus/redis-media-bus.ts';
import {openTraces} from '@voicebridge/shared/observability/trace.ts';
import {WebhookEnv} from './config.ts';
import {openPeopleCaller} from './carriers/twilio/people.ts';
import {startWebhook} from './start-webhook.ts';

await main('webhook', WebhookEnv, async ({config, log, stop, clock}) => {
  await using traces = await openTraces('webhook', config.OTEL_EXPORTER_OTLP_ENDPOINT, log);
  const key = new FleetKey(config.FLEET_KEY, () => clock.wall());
  const {url} = await checkRedis(config.REDIS_URL, {use: 'webhook'});
  const redis = openRedis(url, 'commands', log);
  await using bus = await openRedisMediaBus(url, {clock, log, followers: [redis]});
  const directory = new RedisCallDirectory(redis, key);
  const fleet = new RedisFleet(redis, key);
  const ledger = new RedisSpendLedger(redis, () => clock.wall());
  // Only a webhook that makes calls loads the library of the queue.
  await using callsOut =
    config.CALL_ALLOW.length === 0
      ? undefined
      : await (await import('./open-calls-out.ts')).openCallsOut(config, {clock, log});
  const webhook = await startWebhook(config, {
    callsOut,
    people: openPeopleCaller(config),
    directory,
    fleet,
    bus,
    ledger,
    sentences: new RedisNumberSentences(redis),
    key,
    clock,
    random: Math.random,
    traces,
    log,
  });
  await serve(webhook, {stop, deadline: config.DRAIN_SECONDS * 1_000, clock, log});
  redis.disconnect();
});
