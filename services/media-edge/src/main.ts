import {RedisCallDirectory} from '@voicebridge/shared/call-directory/redis-call-directory.ts';
import {RedisFleet} from '@voicebridge/shared/fleet/redis-fleet.ts';
import {FleetKey} from '@voicebridge/shared/protocol/fleet-key.ts';
import {main, serve} from '@voicebridge/shared/service/lifecycle.ts';
import {checkRedis} from '@voicebridge/shared/redis/check-redis.ts';
import {openRedis} from '@voicebridge/shared/redis/connect.ts';
import {openRedisMediaBus} from '@voicebridge/shared/bus/redis-media-bus.ts';
import {openTraces} from '@voicebridge/shared/observability/trace.ts';
import {EdgeEnv} from './config.ts';
import {startMediaEdge} from './start-media-edge.ts';
import {rehearse} from './worker-link/rehearse.ts';

await main('media-edge', EdgeEnv, async ({config, log, stop, clock}) => {
  await using traces = await openTraces('media-edge', config.OTEL_EXPORTER_OTLP_ENDPOINT, log);
  const key = new FleetKey(config.FLEET_KEY, () => clock.wall());
  const {url} = await checkRedis(config.REDIS_URL, {use: 'media-edge'});
  const redis = openRedis(url, 'commands', log);
  await using bus = await openRedisMediaBus(url, {clock, log, followers: [redis]});
  const directory = new RedisCallDirectory(redis, key);
  const fleet = new RedisFleet(redis, key);
  await rehearse({key, clock}).catch((thrown: unknown) =>
    log.warn({err: thrown}, 'edge begins cold: it cannot rehearse'),
  );
  const edge = await startMediaEdge(config, {bus, directory, fleet, key, clock, log, traces, random: Math.random});
  await serve(edge, {stop, deadline: config.DRAIN_SECONDS * 1_000, clock, log});
  redis.disconnect();
});
