import {
  findRedisBinary,
  type PrivateRedis,
  type RedisBinary,
  startEmbeddedRedis,
  startRedisBinary,
} from '../local-stack/redis/private-redis.ts';
import type {CallerKnobs} from '../../simulators/openai/src/knobs/caller-knobs.ts';
import type {Reply} from '../../simulators/openai/src/answering/model-script.ts';
import type {SessionSummary} from '../../simulators/openai/src/session/session-summary.ts';
import {type FakeTwilio, type FakeTwilioOptions, startFakeTwilio} from '../../simulators/twilio/src/fake-twilio.ts';
import {newDatabase} from '../../services/analytics/src/testing/new-database.ts';
import {TRY_ID} from '../../services/realtime-worker/src/health/model-watch.ts';
import {CANARIES} from '@voicebridge/shared/testing/canaries.ts';
import {LeakWatch} from './leak-watch.ts';
import {Webhooks} from './webhooks.ts';
import {freePort, type ProcessOptions, type RunningProcess, startProcess} from '../local-stack/processes.ts';

export interface FleetOptions {
  readonly edges?: number;
  readonly workers?: number;
  /** More than one are behind a load balancer, and one of them can be killed; one if not given. */
  readonly webhooks?: number;
  /** Added to every service's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Added to every worker's environment. */
  readonly workerEnv?: Readonly<Record<string, string>>;
  /** A server of the Realtime protocol that runs already, such as ws://127.0.0.1:8080/v1/realtime; then none is started. */
  readonly modelUrl?: string;
  /** Environment of the simulated model (MODEL_…). */
  readonly model?: Readonly<Record<string, string>>;
  readonly twilio?: Partial<FakeTwilioOptions>;
  /** The folder for the data of Redis, unless `redisForgets` has a reason; without it a restart loses everything. */
  readonly redisDir?: string;
  /** The URL of an existing Redis. */
  readonly redisUrl?: string;
  /** The URL of another Redis, for records. */
  readonly queueRedisUrl?: string;
  /** The Redis user of a service, as `name:password`; without it all are the default user. */
  readonly redisUserOf?: (service: ServiceName) => string;
  readonly analytics?: {readonly dataDir: string};
  /** Arguments for the Node of every service, such as `--inspect=127.0.0.1:0`. */
  readonly node?: readonly string[];
  /** A checkout of another version, from which the services are started; the simulators are of this version. */
  readonly sources?: string;
}

/** A service of ours, by its folder. */
export type ServiceName = 'webhook' | 'media-edge' | 'realtime-worker' | 'analytics';

/** Where many processes start at once on a machine that is busy with others, loading the sources takes minutes. */
const READY_WITHIN_MS = 180_000;
/** Phones that are later than this share their processors with too much else. */
const PHONES_LATE_MS = 20;
/** A worker that is kept from running for so long, once, is close to looking dead. */
const ONCE_LATE_MS = 150;

export const FLEET_TOKEN = CANARIES.token;
/** What the processes know each other by; an older version does not know it. */
export const FLEET_KEY = CANARIES.fleetKey;

/**
 * Every service and the simulated model as processes, with a Redis of their own, and a simulated Twilio in this
 * process.
 */
export class ProcessFleet implements AsyncDisposable {
  /** Where services that are started from now on have their sources: a checkout of another version, or ours. */
  sources: string | undefined;
  readonly edges: RunningProcess[] = [];
  readonly workers: RunningProcess[] = [];
  readonly #options: FleetOptions;
  readonly #stack = new AsyncDisposableStack();
  readonly #leaks = new LeakWatch();
  #redis: PrivateRedis | undefined;
  #redisPort = 0;
  #model: RunningProcess | undefined;
  readonly webhooks = new Webhooks({
    newEnv: () => this.#newWebhookEnv(),
    start: env => this.#startService({service: 'services/webhook', env}),
    stack: this.#stack,
  });
  #analyticsPort = 0;
  #twilio: FakeTwilio | undefined;
  analytics: RunningProcess | undefined;

  private constructor(options: FleetOptions) {
    this.#options = options;
    this.sources = options.sources;
  }

  static async start(options: FleetOptions = {}): Promise<ProcessFleet> {
    const fleet = new ProcessFleet(options);
    try {
      await fleet.#start();
      return fleet;
    } catch (thrown) {
      await fleet[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  get twilio(): FakeTwilio {
    return set(this.#twilio);
  }
  get webhook(): RunningProcess {
    return set(this.webhooks.all[0]);
  }
  get model(): RunningProcess {
    return set(this.#model);
  }
  get redisUrl(): string {
    return this.#options.redisUrl ?? `redis://127.0.0.1:${this.#redisPort}`;
  }
  get redisPid(): number {
    return set(this.#redis).pid;
  }

  /**
   * Whether other programs kept the processors from us, by how late our own phones were. Then a living worker may have
   * been without a processor for so long that it looked dead, and its calls moved.
   */
  get machineIsBusy(): boolean {
    const {p99, max} = this.twilio.lag;
    return p99 > PHONES_LATE_MS || max > ONCE_LATE_MS;
  }

  async #start(): Promise<void> {
    const {edges = 2, workers = 2} = this.#options;
    if (this.#options.redisUrl === undefined) {
      this.#redisPort = await freePort();
      await this.startRedis();
      this.#stack.defer(async () => this.#redis?.close());
    }
    if (this.#options.modelUrl === undefined) {
      const env = {OPENAI_API_KEY: CANARIES.modelKey, ...this.#options.model};
      this.#model = this.#stack.use(await startProcess({service: 'simulators/openai', env, readyWithin: 0}));
      await this.#model.line(line => line.json?.['event'] === 'listening', 60_000);
    }
    await Promise.all(Array.from({length: workers}, () => this.addWorker()));
    await Promise.all(Array.from({length: edges}, () => this.addEdge()));
    await this.webhooks.start(this.#options.webhooks ?? 1);
    if (this.#options.analytics) await this.startAnalytics();
    this.#twilio = await this.#newNumber(this.webhooks.env);
  }

  /** Another number, whose webhook is configured differently; edges and workers are the same. */
  async addNumber(env: Readonly<Record<string, string>>): Promise<FakeTwilio> {
    const webhookEnv = {...(await this.#newWebhookEnv()), ...env};
    this.#stack.use(await this.#startService({service: 'services/webhook', env: webhookEnv}));
    return this.#newNumber(webhookEnv);
  }

  /** Starts Redis on its port. */
  async startRedis(): Promise<void> {
    const binary = await redisBinary();
    if (!binary) {
      this.#redis = await startEmbeddedRedis({port: this.#redisPort});
      return;
    }
    const keep = this.#options.redisDir === undefined ? {} : {persist: true, dir: this.#options.redisDir};
    this.#redis = await startRedisBinary(binary, {port: this.#redisPort, ...keep});
  }

  /** Kills or stops Redis; with a data folder it keeps its data. */
  async stopRedis(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const redis = set(this.#redis);
    process.kill(redis.pid, signal);
    await redis.exited;
  }

  /** Starts analytics on its existing data. */
  async startAnalytics(): Promise<void> {
    const {dataDir} = set(this.#options.analytics);
    if (this.sources === undefined) await newDatabase(dataDir);
    this.#analyticsPort ||= await freePort();
    const env = this.#env('analytics', {DATA_DIR: dataDir, PORT: String(this.#analyticsPort)});
    this.analytics = this.#stack.use(await this.#startService({service: 'services/analytics', env}));
  }

  /** Starts another worker; `readyWithin` 0 does not wait until it is ready. */
  async addWorker(
    env: Readonly<Record<string, string>> = {},
    options: Pick<ProcessOptions, 'readyWithin'> = {},
  ): Promise<RunningProcess> {
    const port = await freePort();
    const worker = await this.#startService({
      service: 'services/realtime-worker',
      name: `worker-${this.workers.length + 1}`,
      // What is asked for here wins over what all services get.
      env: {...this.#env('realtime-worker', {PORT: String(port), ...this.#options.workerEnv}), ...env},
      ...options,
    });
    this.workers.push(worker);
    return this.#stack.use(worker);
  }

  async addEdge(): Promise<RunningProcess> {
    const port = await freePort();
    const edge = await this.#startService({
      service: 'services/media-edge',
      name: `edge-${this.edges.length + 1}`,
      env: this.#env('media-edge', {PORT: String(port), PUBLIC_EDGE_URL: `ws://127.0.0.1:${port}`}),
    });
    this.edges.push(edge);
    return this.#stack.use(edge);
  }

  /** The workers with active calls, by their own metrics. */
  async busyWorkers(): Promise<RunningProcess[]> {
    const counts = await Promise.all(this.workers.map(worker => metric(worker, 'voicebridge_calls_active')));
    return this.workers.filter((_, index) => (counts[index] ?? 0) > 0);
  }

  /** The sessions of the simulated model for callers, with what each got and remembers. */
  async sessions(): Promise<SessionSummary[]> {
    const sessions = (await (await fetch(new URL('/sessions', this.#modelHttp()))).json()) as SessionSummary[];
    return sessions.filter(({safetyIdentifier}) => safetyIdentifier !== TRY_ID);
  }

  async setKnobs(knobs: object): Promise<void> {
    await fetch(new URL('/knobs', this.#modelHttp()), {method: 'POST', body: JSON.stringify(knobs)});
  }

  /** The knobs of the simulated model for the next callers, one entry each. */
  async setCallers(callers: readonly CallerKnobs[]): Promise<void> {
    const answer = await fetch(new URL('/callers', this.#modelHttp()), {method: 'POST', body: JSON.stringify(callers)});
    if (!answer.ok) throw new Error(`the simulated model refuses these callers: ${await answer.text()}`);
  }

  /** The replies of the simulated model, in order; the last one repeats. */
  async setScript(replies: readonly Reply[]): Promise<void> {
    await fetch(new URL('/script', this.#modelHttp()), {method: 'POST', body: JSON.stringify(replies)});
  }

  /** All caller audio that a session was given, in order. */
  async heardBy(sessionId: string): Promise<Buffer> {
    const answer = await fetch(new URL(`/sessions/${sessionId}/heard`, this.#modelHttp()));
    return Buffer.from(await answer.arrayBuffer());
  }

  async closeSession(sessionId: string, how: 'close' | 'reset' | 'freeze' = 'reset'): Promise<void> {
    await fetch(new URL(`/sessions/${sessionId}/${how}`, this.#modelHttp()), {method: 'POST'});
  }

  async #newWebhookEnv(): Promise<Record<string, string>> {
    const port = await freePort();
    const origin = `http://127.0.0.1:${port}`;
    return this.#env('webhook', {PUBLIC_WEBHOOK_URL: origin, PUBLIC_EDGE_URL: 'ws://127.0.0.1:1', PORT: String(port)});
  }

  async #newNumber({PUBLIC_WEBHOOK_URL: origin}: Readonly<Record<string, string>>): Promise<FakeTwilio> {
    return this.#stack.use(
      await startFakeTwilio({
        webhookUrl: `${origin}/incoming-call#rc=2&rp=all`,
        statusCallbackUrl: `${origin}/call-status`,
        authToken: FLEET_TOKEN,
        sayMsPerChar: 5,
        ...this.#options.twilio,
      }),
    );
  }

  async #startService(options: ProcessOptions): Promise<RunningProcess> {
    const process = await startProcess({
      readyWithin: READY_WITHIN_MS,
      node: this.#options.node ?? [],
      onLine: line => this.#leaks.lookAt(options.name ?? options.service, line.text),
      ...options,
      ...(this.sources === undefined ? {} : {root: this.sources}),
    });
    this.#leaks.watch(process);
    return process;
  }

  #modelHttp(): string {
    return this.model.url;
  }

  #env(service: ServiceName, own: Readonly<Record<string, string>>): Record<string, string> {
    const who = this.#options.redisUserOf?.(service);
    const asUser = (url: string) => url.replaceAll('://', who === undefined ? '://' : `://${who}@`);
    const queue = /worker|analytics/.test(service) ? this.#options.queueRedisUrl : undefined;
    return {
      REDIS_URL: asUser(this.redisUrl),
      ...(queue && {QUEUE_REDIS_URL: asUser(queue)}),
      TWILIO_AUTH_TOKEN: FLEET_TOKEN,
      OPENAI_API_KEY: CANARIES.modelKey,
      OPENAI_REALTIME_URL:
        this.#options.modelUrl ?? `${this.model.url.replace('http', 'ws').replace(/\/$/, '')}/v1/realtime`,
      ...own,
      FLEET_KEY,
      ...this.#options.env,
    };
  }

  /** Stops everything. Rejects if a service has told its log or its metrics what it may tell nobody. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#leaks.lookAtMetrics();
    await this.#stack.disposeAsync();
    this.#leaks.throwIfAny();
  }
}

/** The server on this machine. Without one, the embedded one carries the calls. */
async function redisBinary(): Promise<RedisBinary | undefined> {
  return process.env['VOICEBRIDGE_REDIS'] === 'embedded' ? undefined : findRedisBinary();
}

/** Why the Redis of a fleet would come back without its data; undefined if it keeps them. */
export async function redisForgets(): Promise<string | undefined> {
  return (await redisBinary()) ? undefined : 'needs redis-server or valkey-server 7: the embedded Redis keeps no data';
}

/** A metric of a process, summed over its labels. */
export async function metric(process: RunningProcess, name: string): Promise<number> {
  const text = await (await fetch(new URL('/metrics', process.url))).text();
  const lines = text.split('\n').filter(line => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

function set<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('the fleet has not started');
  return value;
}
