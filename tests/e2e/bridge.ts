import {LiveCatalogue} from '@voicebridge/assistant/load/live-catalogue.ts';
import {RedisVersionStore} from '@voicebridge/assistant/store/redis-version-store.ts';
import {openAnalyticsQueue} from '@voicebridge/shared/cdr/analytics-queue.ts';
import {RedisCallDirectory} from '@voicebridge/shared/call-directory/redis-call-directory.ts';
import {loadConfig} from '@voicebridge/shared/config/config.ts';
import {RedisNumberSentences} from '@voicebridge/shared/fleet/number-sentences.ts';
import {RedisFleet} from '@voicebridge/shared/fleet/redis-fleet.ts';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {CANARIES} from '@voicebridge/shared/testing/canaries.ts';
import {canaryLog} from '@voicebridge/shared/testing/canary-log.ts';
import {OperatorDesk} from '@voicebridge/shared/rpc/operator-desk.ts';
import {openRedis} from '@voicebridge/shared/redis/connect.ts';
import {openRedisMediaBus} from '@voicebridge/shared/bus/redis-media-bus.ts';
import {systemClock} from '@voicebridge/shared/time.ts';
import {openTraces} from '@voicebridge/shared/observability/trace.ts';
import {EdgeEnv} from '../../services/media-edge/src/config.ts';
import {type MediaEdge, startMediaEdge} from '../../services/media-edge/src/start-media-edge.ts';
import {standardAssistant, WorkerEnv} from '../../services/realtime-worker/src/config.ts';
import {type RealtimeWorker, startWorker} from '../../services/realtime-worker/src/start-worker.ts';
import {WebhookEnv} from '../../services/webhook/src/config.ts';
import {openPeopleCaller} from '../../services/webhook/src/carriers/twilio/people.ts';
import {startWebhook, type Webhook} from '../../services/webhook/src/start-webhook.ts';
import {type FakeOpenAI, type FakeOpenAIOptions, startFakeOpenAI} from '../../simulators/openai/src/fake-openai.ts';
import {type FakeTwilio, type FakeTwilioOptions, startFakeTwilio} from '../../simulators/twilio/src/fake-twilio.ts';
import {type ProvidedRedis, provideRedis} from '../../tools/local-stack/redis/local-redis.ts';
import {freePort} from '../../tools/local-stack/processes.ts';

export interface BridgeOptions {
  /** The URL of a Redis that runs already; one of its own if not given: workers that share one take each other's calls. */
  readonly redisUrl?: string;
  readonly edges?: number;
  readonly workers?: number;
  /** Added to every service's environment. With TWILIO_ACCOUNT_SID the webhook asks the simulated REST API. */
  readonly env?: Readonly<Record<string, string>>;
  /** The folder with the files of assistants; the environment's alone if not given. */
  readonly assistants?: string;
  readonly openai?: FakeOpenAIOptions;
  readonly twilio?: Partial<FakeTwilioOptions>;
  /** A collector that gets the traces of every service. */
  readonly tracesTo?: string;
  /** LOG_LEVEL of every service; not given: all, searched for what may not be in it. */
  readonly logLevel?: string;
}

/** The whole system and both simulators in one process, on real sockets and a real Redis. */
export interface Bridge extends AsyncDisposable {
  readonly redisUrl: string;
  readonly twilio: FakeTwilio;
  readonly openai: FakeOpenAI;
  readonly webhook: Webhook;
  readonly edges: readonly MediaEdge[];
  readonly workers: readonly RealtimeWorker[];
  readonly directory: RedisCallDirectory;
}

export const AUTH_TOKEN = CANARIES.token;

export async function openBridge(options: BridgeOptions): Promise<Bridge> {
  const {edges: edgeCount = 1, workers: workerCount = 1} = options;
  const clock = systemClock;
  await using stack = new AsyncDisposableStack();
  const redisUrl = options.redisUrl ?? stack.adopt(await ownRedis(), redis => redis.close()).url;
  const openai = stack.use(await startFakeOpenAI({apiKey: CANARIES.modelKey, seed: 1, ...options.openai}));
  const log = options.logLevel === undefined ? canaryLog('e2e') : createLog('e2e', {level: options.logLevel});
  const common = {
    REDIS_URL: redisUrl,
    TWILIO_AUTH_TOKEN: AUTH_TOKEN,
    OPENAI_API_KEY: CANARIES.modelKey,
    OPENAI_REALTIME_URL: openai.url,
    PORT: '0',
    DRAIN_SECONDS: '5',
    ...options.env,
  };
  const resources = async (service: string) => {
    const redis = openRedis(redisUrl, 'commands', log);
    stack.defer(() => redis.disconnect());
    const bus = stack.use(await openRedisMediaBus(redisUrl, {clock, log}));
    return {
      bus,
      directory: new RedisCallDirectory(redis),
      fleet: new RedisFleet(redis),
      versions: new RedisVersionStore(redis),
      sentences: new RedisNumberSentences(redis),
      operatorDesk: new OperatorDesk(redis),
      clock,
      log,
      random: Math.random,
      traces: stack.use(await openTraces(service, options.tracesTo, log)),
    };
  };

  const queueRedis = openRedis(redisUrl, 'queue', log);
  stack.defer(() => queueRedis.disconnect());
  const queue = stack.use(openAnalyticsQueue(queueRedis));
  const workers: RealtimeWorker[] = [];
  for (let n = 0; n < workerCount; n += 1) {
    const {versions, ...deps} = await resources('realtime-worker');
    const config = loadConfig(WorkerEnv, common);
    const {assistants: folder} = options;
    const base = standardAssistant(config);
    const assistants =
      folder === undefined ? {} : {assistants: stack.use(await LiveCatalogue.open({folder, base, clock, log}))};
    workers.push(stack.use(await startWorker(config, {...deps, ...assistants, versions, queue})));
  }
  const edges: MediaEdge[] = [];
  for (let n = 0; n < edgeCount; n += 1) {
    const port = await freePort();
    const env = {...common, PORT: String(port), PUBLIC_EDGE_URL: `ws://127.0.0.1:${port}`};
    edges.push(stack.use(await startMediaEdge(loadConfig(EdgeEnv, env), await resources('media-edge'))));
  }
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const accountSid = options.env?.['TWILIO_ACCOUNT_SID'];
  const account = accountSid === undefined ? {} : {accountSid, restPort: await freePort()};
  const env = {
    ...common,
    PORT: String(port),
    PUBLIC_WEBHOOK_URL: origin,
    PUBLIC_EDGE_URL: 'ws://127.0.0.1:1',
    ...(account.restPort === undefined ? {} : {TWILIO_API_URL: `http://127.0.0.1:${account.restPort}`}),
  };
  const {directory, ...rest} = await resources('webhook');
  const config = loadConfig(WebhookEnv, env);
  const webhook = stack.use(await startWebhook(config, {directory, people: openPeopleCaller(config), ...rest}));
  const twilio = stack.use(
    await startFakeTwilio({
      webhookUrl: `${origin}/incoming-call#rc=2&rp=all`,
      statusCallbackUrl: `${origin}/call-status`,
      authToken: AUTH_TOKEN,
      seed: 1,
      sayMsPerChar: 5,
      ...account,
      ...options.twilio,
    }),
  );
  const owned = stack.move();
  return {
    redisUrl,
    twilio,
    openai,
    webhook,
    edges,
    workers,
    directory,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A Redis that no other test uses. */
export const ownRedis = (): Promise<ProvidedRedis> =>
  provideRedis({kind: process.env['VOICEBRIDGE_REDIS'], log: () => {}});
