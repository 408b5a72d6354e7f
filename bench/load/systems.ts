import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {connect} from 'node:net';
import {setTimeout as sleep} from 'node:timers/promises';
import {freePort, startProcess} from '../../tools/local-stack/processes.ts';
import {findRedisBinary, startRedisBinary} from '../../tools/local-stack/redis/private-redis.ts';
import {Probes} from './probes.ts';
import {familyOf} from './process-cost.ts';

/** A bridge that is measured: where callers dial, and the processes that it consists of, by name. */
export interface System extends AsyncDisposable {
  /** What Twilio would ask for each call. */
  readonly webhookUrl: string;
  readonly pids: () => Promise<Readonly<Record<string, readonly number[]>>>;
}

/** Starts a bridge that calls this Realtime API. */
export type StartSystem = (modelUrl: string, probes: Probes) => Promise<System>;

/** Bridges that come with the benchmark. */
const SHIPPED: Readonly<Record<string, string>> = {
  plain: 'exec node bench/calls/plain-bridge.ts',
  relay: 'exec node bench/calls/relay-bridge.ts',
};

/** `redisPort`: where its Redis listens. `edgePort`: where its callers' sockets go. */
export interface OurSystem extends System {
  readonly redisPort: number;
  readonly edgePort: number;
}

/** Ours: a webhook, an edge, a worker and a Redis, each a process of its own. `settings`: what else is set. */
export async function startOurs(
  modelUrl: string,
  probes: Probes,
  settings: Readonly<Record<string, string>> = {},
): Promise<OurSystem> {
  const stack = new AsyncDisposableStack();
  const binary = await findRedisBinary();
  if (!binary) throw new Error('this needs a redis-server 7 on the PATH');
  const redis = await startRedisBinary(binary);
  stack.defer(() => redis.close());
  const common = {
    REDIS_URL: `redis://127.0.0.1:${redis.port}`,
    TWILIO_VALIDATE: 'off',
    OPENAI_API_KEY: 'k',
    OPENAI_REALTIME_URL: modelUrl,
    GREETING: 'off',
    MAX_CALLS: '10000',
    LOG_LEVEL: 'warn',
    ...probes.env,
    ...settings,
  };
  const [edgePort, webhookPort] = [await freePort(), await freePort()];
  const start = async (service: string, own: Readonly<Record<string, string>>) =>
    stack.use(await startProcess({service: `services/${service}`, env: {...common, ...own}, node: Probes.node}));
  try {
    const [worker, edge, webhook] = await Promise.all([
      start('realtime-worker', {}),
      start('media-edge', {PORT: String(edgePort), PUBLIC_EDGE_URL: `ws://127.0.0.1:${edgePort}`}),
      start('webhook', {
        PORT: String(webhookPort),
        PUBLIC_WEBHOOK_URL: `http://127.0.0.1:${webhookPort}`,
        PUBLIC_EDGE_URL: `ws://127.0.0.1:${edgePort}`,
      }),
    ]);
    const pids = {edge: [edge.pid], worker: [worker.pid], redis: [redis.pid], webhook: [webhook.pid]};
    return {
      webhookUrl: `${webhook.url}/incoming-call`,
      pids: async () => pids,
      redisPort: redis.port,
      edgePort,
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (thrown) {
    await stack.disposeAsync();
    throw thrown;
  }
}

/**
 * Another bridge, started by a shell command with PORT, OPENAI_API_KEY and OPENAI_REALTIME_URL in its environment.
 * `webhook`: what answers with TwiML; `/incoming-call` on PORT if not given. Rejects if nothing listens within 20 s.
 */
export function otherSystem(command: string, webhook?: string): StartSystem {
  return async (modelUrl, probes) => {
    const port = await freePort();
    const own = {PORT: String(port), OPENAI_API_KEY: 'k', OPENAI_REALTIME_URL: modelUrl};
    const env = {...process.env, ...own, ...probes.env, NODE_OPTIONS: Probes.nodeOptions};
    const shell = SHIPPED[command] ?? command;
    const child = spawn('sh', ['-c', shell], {env, stdio: ['ignore', 'ignore', 'inherit'], detached: true});
    const pid = child.pid ?? 0;
    const killAtExit = () => hasEnded(child) || process.kill(-pid, 'SIGKILL');
    process.once('exit', killAtExit);
    const stop = async () => {
      process.off('exit', killAtExit);
      if (hasEnded(child)) return;
      const exited = once(child, 'exit');
      process.kill(-pid, 'SIGTERM');
      await Promise.race([exited, sleep(2_000)]);
      if (!hasEnded(child)) process.kill(-pid, 'SIGKILL');
    };
    const webhookUrl = webhook ?? `http://127.0.0.1:${port}/incoming-call`;
    if (!(await listens(webhookUrl, 20_000))) {
      await stop();
      throw new Error(`nothing listens at ${webhookUrl} after 20 s: ${shell}`);
    }
    return {webhookUrl, pids: async () => ({bridge: await familyOf(pid)}), [Symbol.asyncDispose]: stop};
  };
}

function hasEnded({exitCode, signalCode}: {exitCode: number | null; signalCode: string | null}): boolean {
  return exitCode !== null || signalCode !== null;
}

async function listens(url: string, withinMs: number): Promise<boolean> {
  const {hostname, port, protocol} = new URL(url);
  const end = performance.now() + withinMs;
  while (performance.now() < end) {
    const socket = connect(Number(port) || (protocol === 'https:' ? 443 : 80), hostname);
    const isOpen = await new Promise<boolean>(resolve => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (isOpen) return true;
    await sleep(50);
  }
  return false;
}
