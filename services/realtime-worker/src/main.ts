import {randomUUID} from 'node:crypto';
import {LiveCatalogue} from '@voicebridge/assistant/load/live-catalogue.ts';
import {RedisVersionStore} from '@voicebridge/assistant/store/redis-version-store.ts';
import {openAnalyticsQueue} from '@voicebridge/shared/cdr/analytics-queue.ts';
import {RedisCallDirectory} from '@voicebridge/shared/call-directory/redis-call-directory.ts';
import {RedisNumberSentences} from '@voicebridge/shared/fleet/number-sentences.ts';
import {RedisFleet} from '@voicebridge/shared/fleet/redis-fleet.ts';
import {FleetKey} from '@voicebridge/shared/protocol/fleet-key.ts';
import {main, serve} from '@voicebridge/shared/service/lifecycle.ts';
import {checkRedis, findRedis} from '@voicebridge/shared/redis/check-redis.ts';
import {queueProbeKey} from '@voicebridge/shared/redis/keys.ts';
import {RedisSpendLedger} from '@voicebridge/shared/spend/redis-spend-ledger.ts';
import {WriteProbe} from '@voicebridge/shared/redis/write-probe.ts';
import {openRedis} from '@voicebridge/shared/redis/connect.ts';
import {OperatorDesk} from '@voicebridge/shared/rpc/operator-desk.ts';
import {openRedisMediaBus} from '@voicebridge/shared/bus/redis-media-bus.ts';
import {openRecordingStore} from '@voicebridge/shared/recordings/recordings-url.ts';
import {openTraces} from '@voicebridge/shared/observability/trace.ts';
import {ringUrlOf} from './ask-ring-url.ts';
import {standardAssistant, WorkerEnv} from './config.ts';
import {openModelAdapter} from './open-model-adapter.ts';
import {sender} from '@voicebridge/assistant/http/send-request.ts';
import {RedisToolLedger} from './call-session/redis-tool-ledger.ts';
import {JournalReaders} from './ownership/journal-readers.ts';
import {rehearse} from './ownership/rehearse.ts';
import {assistantTools} from './tools/assistant-tools.ts';
import {startWorker} from './start-worker.ts';

await main('realtime-worker', WorkerEnv, async ({config, log, stop, clock}) => {
  await using traces = await openTraces('realtime-worker', config.OTEL_EXPORTER_OTLP_ENDPOINT, log);
  const base = standardAssistant(config);
  using assistants = await LiveCatalogue.open({folder: config.ASSISTANTS_DIR, base, clock, log});
  const key = new FleetKey(config.FLEET_KEY, () => clock.wall());
  const {url} = await checkRedis(config.REDIS_URL);
  const redis = openRedis(url, 'commands', log);
  await using bus = await openRedisMediaBus(url, {clock, log, followers: [redis]});
  const found = await findRedis(
    config.QUEUE_REDIS_URL ?? config.REDIS_URL,
    {variable: 'QUEUE_REDIS_URL', use: 'queue'},
    log,
  );
  const queueRedis = openRedis(found.url, 'queue', log);
  await using queue = openAnalyticsQueue(queueRedis);
  const [directory, fleet] = [new RedisCallDirectory(redis, key), new RedisFleet(redis, key)];
  await rehearse({
    assistant: {...base, tools: assistantTools, version: 'rehearsal', given: {}},
    openAdapter: (address, deps) =>
      openModelAdapter({...config, OPENAI_API_KEY: 'rehearsal', OPENAI_REALTIME_URL: address}, deps),
    key,
    clock,
  }).catch((thrown: unknown) => log.warn({err: thrown}, 'worker begins cold: it cannot rehearse'));
  // On one Redis for both the bus has its own probe.
  using queueHealth =
    config.QUEUE_REDIS_URL === undefined
      ? undefined
      : new WriteProbe({
          key: queueProbeKey(randomUUID()),
          set: (key, ttlMs) => queueRedis.set(key, '', 'PX', ttlMs),
          ...found,
          clock,
          log: log.child({variable: 'QUEUE_REDIS_URL'}),
          moved: () => queueRedis.disconnect(true),
        });
  const readers = new JournalReaders();
  const versions = new RedisVersionStore(redis);
  const sentences = new RedisNumberSentences(redis);
  const ledger = new RedisSpendLedger(redis, () => clock.wall());
  const deps = {
    assistants,
    versions,
    sentences,
    askRingUrl: ringUrlOf(config, clock),
    ledger,
    recordings: openRecordingStore(config),
    readers,
    toolLedger: new RedisToolLedger(redis, {
      sealOf: callSid => key.textSeal(callSid),
      mayWrite: () => readers.maySeal,
    }),
    send: sender(name => process.env[name]),
    secret: (name: string) => process.env[name],
    bus,
    directory,
    fleet,
    operatorDesk: new OperatorDesk(redis, key),
    key,
    queue,
    clock,
    log,
    traces,
    random: Math.random,
    preflight: true,
  };
  const worker = await startWorker(config, {...deps, ...(queueHealth ? {queueHealth} : {})});
  await serve(worker, {stop, deadline: config.DRAIN_SECONDS * 1_000, clock, log});
  redis.disconnect();
  queueRedis.disconnect();
});
