import {randomBytes} from 'node:crypto';
import {rmSync} from 'node:fs';
import {mkdtemp} from 'node:fs/promises';
import {devNull, tmpdir} from 'node:os';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {newApiToken} from '@voicebridge/shared/config/api-tokens.ts';
import {provideRedis} from '../../tools/local-stack/redis/local-redis.ts';
import {
  freePort,
  ProcessFailed,
  startProcess,
  type ProcessOptions,
  type RunningProcess,
} from '../../tools/local-stack/processes.ts';
import {cast} from './cast.ts';
import type {Kill} from './kill-worker.ts';

/** Everything between a telephone and a model, each part a process, on free ports. */
export interface System extends AsyncDisposable {
  readonly webhook: RunningProcess;
  readonly edges: readonly RunningProcess[];
  /** Those that live. */
  readonly workers: readonly RunningProcess[];
  /** Kills a worker at once, with SIGKILL. */
  readonly killWorker: (name: string) => Kill;
  readonly analytics: RunningProcess;
  /** The simulated model. */
  readonly model: RunningProcess;
  /** Opens the recordings at analytics; nothing is recorded without `isRecorded`. */
  readonly listener: string;
  /** The key that signs the requests of the simulated Twilio. */
  readonly authToken: string;
  /** Rejects with a `ProcessFailed` when one of them ends before it is asked to. */
  readonly broken: Promise<never>;
}

export interface SystemOptions {
  /** VOICEBRIDGE_REDIS as the user set it. */
  readonly redisKind: string | undefined;
  /** Whether the calls are recorded. */
  readonly isRecorded: boolean;
  /** Gets one line about the Redis that is used. */
  readonly log: (line: string) => void;
}

/** The model answers faster than real time, so that its text is known before its audio has been heard. */
const MODEL = {MODEL_SPEED: '5-8', MODEL_FIRST_DELTA_MS: '300-600'};
/**
 * To a caller whose worker is killed it speaks hardly faster than in real time. Otherwise Twilio would have the whole
 * sentence before the worker dies, and nothing would be left to show.
 */
const SLOW_MODEL = {speed: [1.2, 1.2], deltaMs: [100, 150]};
const API_KEY = 'sk-demo';

/** Starts it all. When one part does not start, the others are stopped, and the error ends with its last lines. */
export async function startSystem({redisKind, isRecorded, log}: SystemOptions): Promise<System> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.adopt(await mkdtemp(join(tmpdir(), 'voicebridge-demo-')), remove);
  const onExit = () => remove(folder);
  process.once('exit', onExit);
  stack.defer(() => void process.removeListener('exit', onExit));
  const redis = await provideRedis({kind: redisKind, log});
  stack.defer(() => redis.close());

  log('Starting webhook, two edges, three workers, analytics and the simulated model, each in its own process …');

  const authToken = randomBytes(16).toString('hex');
  const listener = newApiToken('listener', ['read', 'words']);
  const recorded = {RECORDING: 'on', RECORDINGS_URL: pathToFileURL(join(folder, 'recordings')).href};
  const common = {
    REDIS_URL: redis.url,
    TWILIO_AUTH_TOKEN: authToken,
    DRAIN_SECONDS: '2',
    // The .env of a real installation is not for the demo.
    DOTENV_CONFIG_PATH: devNull,
  };
  const started: RunningProcess[] = [];
  const killed = new Set<string>();
  let stopping = false;
  stack.defer(async () => {
    stopping = true;
    await Promise.all(started.map(one => one.stop(4_000)));
  });
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => {});
  const start = async (options: ProcessOptions & {readonly name: string}) => {
    const running = await startProcess({...options, env: {...common, ...options.env}});
    started.push(running);
    void running.exited.then(({code, signal}) => {
      if (killed.has(running.name)) return;
      const how = signal ?? `exit code ${code}`;
      if (!stopping) broken.reject(new ProcessFailed(`${running.name} ended by itself (${how}):`, running.lines));
    });
    return running;
  };

  const model = await start({service: 'simulators/openai', name: 'model', env: MODEL, readyWithin: 0});
  await model.line(({json}) => json?.['event'] === 'listening');
  const modelUrl = `ws://127.0.0.1:${model.port}/v1/realtime`;
  const worker = (name: string) =>
    start({
      service: 'realtime-worker',
      name,
      env: {OPENAI_API_KEY: API_KEY, OPENAI_REALTIME_URL: modelUrl, ...(isRecorded ? recorded : {})},
    });
  const edge = async (name: string) => {
    const PORT = String(await freePort());
    return start({service: 'media-edge', name, env: {PORT, PUBLIC_EDGE_URL: `ws://127.0.0.1:${PORT}`}});
  };
  const webhook = async () => {
    const PORT = String(await freePort());
    // By its hash a caller is known to the model, whichever session it is.
    const NUMBER_HASH_KEY = randomBytes(16).toString('hex');
    const urls = {NUMBER_HASH_KEY, PUBLIC_WEBHOOK_URL: `http://127.0.0.1:${PORT}`, PUBLIC_EDGE_URL: 'ws://127.0.0.1:9'};
    return start({service: 'webhook', name: 'webhook', env: {PORT, ...urls}});
  };
  const [analytics, door, edges, workers] = await allOrNone([
    start({
      service: 'analytics',
      name: 'analytics',
      env: {
        DATA_DIR: join(folder, 'analytics'),
        ...(isRecorded ? {RECORDINGS_URL: recorded.RECORDINGS_URL, API_TOKENS: listener.entry} : {}),
      },
    }),
    secondTry(webhook),
    allOrNone([secondTry(() => edge('edge-1')), secondTry(() => edge('edge-2'))]),
    allOrNone([worker('worker-1'), worker('worker-2'), worker('worker-3')]),
  ]);
  const callers = cast.map(({afterTheKill}) => ({first: afterTheKill ? SLOW_MODEL : {}, later: {}}));
  await fetch(`${model.url}/callers`, {method: 'POST', body: JSON.stringify(callers)});
  const owned = stack.move();
  return {
    webhook: door,
    edges,
    get workers() {
      return workers.filter(({name}) => !killed.has(name));
    },
    killWorker(name) {
      const victim = workers.find(one => one.name === name);
      if (!victim) throw new Error(`there is no worker ${name}`);
      killed.add(name);
      victim.kill('SIGKILL');
      return {at: performance.now(), worker: name, pid: victim.pid};
    },
    analytics,
    model,
    listener: listener.token,
    authToken,
    broken: broken.promise,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A free port may be gone by the time it is used. */
async function secondTry<Result>(run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (thrown) {
    if (thrown instanceof Error && /port \d+ is taken/.test(thrown.message)) return run();
    throw thrown;
  }
}

/** Waits for all of them even if one fails, so that no process is still starting afterwards. */
async function allOrNone<const Results extends readonly unknown[]>(promises: {
  readonly [Index in keyof Results]: Promise<Results[Index]>;
}): Promise<Results> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

function remove(folder: string): void {
  rmSync(folder, {recursive: true, force: true, maxRetries: 5, retryDelay: 50});
}
