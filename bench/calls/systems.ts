import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {readdir, readFile} from 'node:fs/promises';
import {connect} from 'node:net';
import {setTimeout as sleep} from 'node:timers/promises';
import {findRedisBinary, startRedisBinary} from '../../tools/local-stack/redis/private-redis.ts';
import {freePort, startProcess} from '../../tools/local-stack/processes.ts';
import {Probes} from '../load/probes.ts';

/** A bridge that is measured: where a phone connects, and the processes that it consists of, by name. */
export interface System extends AsyncDisposable {
  mediaUrl(): Promise<string>;
  readonly pids: () => Promise<Readonly<Record<string, readonly number[]>>>;
}

/** Ours: one edge, one worker and a Redis. `modelUrl`: the Realtime API to call. */
export async function startOurs(modelUrl: string, probes: Probes): Promise<System> {
  const stack = new AsyncDisposableStack();
  const binary = await findRedisBinary();
  if (!binary) throw new Error('this needs a redis-server on the PATH');
  const redis = await startRedisBinary(binary);
  stack.defer(() => redis.close());
  const common = {
    REDIS_URL: `redis://127.0.0.1:${redis.port}`,
    TWILIO_VALIDATE: 'off',
    OPENAI_API_KEY: 'k',
    OPENAI_REALTIME_URL: modelUrl,
    GREETING: 'off',
    GREETING_PROTECTED_MS: '0',
    MAX_CALLS: '1000',
    LOG_LEVEL: 'warn',
    ...probes.env,
  };
  const node = Probes.node;
  const worker = stack.use(await startProcess({service: 'services/realtime-worker', env: common, node}));
  const port = await freePort();
  const env = {...common, PORT: String(port), PUBLIC_EDGE_URL: `ws://127.0.0.1:${port}`};
  const edge = stack.use(await startProcess({service: 'services/media-edge', env, node}));
  return {
    mediaUrl: async () => `ws://127.0.0.1:${port}/media-stream`,
    pids: async () => ({edge: [edge.pid], worker: [worker.pid], redis: [redis.pid]}),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/**
 * Any other bridge, started by a shell command with PORT, OPENAI_API_KEY and OPENAI_REALTIME_URL in its environment. It
 * must answer POST /incoming-call with TwiML that names a stream. Rejects if nothing listens within 20 s.
 */
export async function startOther(command: string, modelUrl: string, probes: Probes): Promise<System> {
  const port = await freePort();
  const own = {PORT: String(port), OPENAI_API_KEY: 'k', OPENAI_REALTIME_URL: modelUrl};
  const env = {...process.env, ...own, ...probes.env, NODE_OPTIONS: Probes.nodeOptions};
  const child = spawn('sh', ['-c', command], {env, stdio: ['ignore', 'ignore', 'inherit'], detached: true});
  const pid = child.pid ?? 0;
  const stop = async () => {
    if (child.exitCode !== null) return;
    const exited = once(child, 'exit');
    process.kill(-pid, 'SIGTERM');
    await Promise.race([exited, sleep(2_000)]);
    if (child.exitCode === null && child.signalCode === null) process.kill(-pid, 'SIGKILL');
  };
  if (!(await listens(port, 20_000))) {
    await stop();
    throw new Error(`nothing listens on port ${port} after 20 s: ${command}`);
  }
  return {
    mediaUrl: () => streamUrl(`http://127.0.0.1:${port}/incoming-call`),
    pids: async () => ({other: await familyOf(pid)}),
    [Symbol.asyncDispose]: stop,
  };
}

/** Asks the webhook as Twilio does. A stream at a loopback address is opened without TLS. */
async function streamUrl(webhook: string): Promise<string> {
  const form = new URLSearchParams({
    CallSid: `CA${'1'.repeat(32)}`,
    From: '+15550100',
    To: '+15550199',
    CallStatus: 'ringing',
  });
  const answer = await fetch(webhook, {method: 'POST', body: form});
  const twiml = await answer.text();
  const url = /<Stream[^>]*\burl="([^"]+)"/.exec(twiml)?.[1];
  if (url === undefined)
    throw new Error(`${webhook} answers ${answer.status} and names no stream: ${twiml.slice(0, 200)}`);
  return url.replace(/^wss:\/\/(127\.|localhost)/, 'ws://$1');
}

async function listens(port: number, withinMs: number): Promise<boolean> {
  const end = performance.now() + withinMs;
  while (performance.now() < end) {
    const socket = connect(port, '127.0.0.1');
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

/** A process and all that it started, by /proc. */
async function familyOf(root: number): Promise<number[]> {
  const parents = new Map<number, number>();
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    const parent = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  const family = [root];
  for (const pid of family) for (const [child, parent] of parents) if (parent === pid) family.push(child);
  return family;
}
