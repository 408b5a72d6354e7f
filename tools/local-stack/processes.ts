import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {createServer, type Server} from 'node:net';
import {createInterface} from 'node:readline';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import {BLOCKED_PORTS} from '@voicebridge/shared/config/blocked-ports.ts';
import {portOf} from '@voicebridge/shared/service/http.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {askReady} from './ask-ready.ts';
import {readLine, saidIn, type LogLine} from './log-line.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const END_WITH_PARENT = fileURLToPath(new URL('end-with-parent.ts', import.meta.url));
/** The variables of our environment that every program needs. Others are passed only if given. */
const INHERITED = ['PATH', 'HOME', 'TMPDIR', 'TZ', 'LANG', 'SystemRoot', 'FORCE_COLOR', 'NODE_EXTRA_CA_CERTS'];
/** Where Node keeps what it made of our sources: the second start of a program takes half of the processor time. */
const COMPILE_CACHE = join(ROOT, 'node_modules/.cache/compiled-by-node');
/** How long one question to /readyz may take. */
const ASK_WITHIN: Millis = 1_000;
/** A process on a machine that is busy with others needs half a minute just to load its sources. */
const READY_WITHIN: Millis = 90_000;
/** How many lines of a process are kept. */
const REMEMBERED_LINES = 5_000;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ProcessOptions {
  /** `webhook`, `media-edge`, `realtime-worker`, `analytics`; or a folder with `src/main.ts`, as `simulators/openai`. */
  readonly service: string;
  /** The checkout that the program is run from: another version of this project. Ours when left out. */
  readonly root?: string;
  /** Its name for people, such as `edge-2`; the service's name if not given. */
  readonly name?: string;
  /** Its environment, in addition to PATH and the like. Without PORT it gets a free port. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Arguments for Node itself, such as `--max-old-space-size=64`. */
  readonly node?: readonly string[];
  /** Arguments for the program. */
  readonly args?: readonly string[];
  /** How long it may take to be ready; 0 does not wait. */
  readonly readyWithin?: Millis;
  readonly onLine?: (line: LogLine) => void;
  /** What it sends with `process.send`. */
  readonly onMessage?: (message: unknown) => void;
}

/** A running process of ours. Disposing of it stops it. */
export interface RunningProcess extends AsyncDisposable {
  readonly name: string;
  readonly service: string;
  readonly pid: number;
  readonly port: number;
  /** `http://127.0.0.1:port` */
  readonly url: string;
  /** Its last lines, oldest first. */
  readonly lines: readonly LogLine[];
  readonly exited: Promise<Exit>;
  onLine(listener: (line: LogLine) => void): () => void;
  /** Resolves with the first line, past or future, that has this message or satisfies this condition. */
  line(match: string | ((line: LogLine) => boolean), within?: Millis): Promise<LogLine>;
  kill(signal: NodeJS.Signals): void;
  /** Sends SIGTERM, and SIGKILL if it still runs after `within` ms. */
  stop(within?: Millis): Promise<Exit>;
}

/** A process ended before it was ready, or was not ready in time. The message ends with its last lines. */
export class ProcessFailed extends Error {
  override readonly name = 'ProcessFailed';
  /** The first line of the message: what went wrong and why. */
  readonly summary: string;
  readonly lines: readonly LogLine[];

  constructor(summary: string, lines: readonly LogLine[]) {
    super([summary, ...lines.slice(-20).map(line => `  ${line.text}`)].join('\n'));
    this.summary = summary;
    this.lines = lines;
  }
}

const living = new Set<ChildProcess>();
/** The processes that were started and not disposed of: what they said tells why a test waits in vain. */
const started = new Set<RunningProcess>();
process.once('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

/** Starts a program and waits until its /readyz says yes. Its command line names it: `node services/webhook/src/main.ts`. */
export async function startProcess(options: ProcessOptions): Promise<RunningProcess> {
  for (let attempt = 1; ; attempt += 1) {
    const given = Number(options.env?.['PORT'] ?? 0);
    // Otherwise the other process would answer /readyz.
    if (given && !(await isFree(given))) throw new ProcessFailed(`port ${given} is taken by another process`, []);
    const running = launch(options, given || (await freePort()));
    try {
      if (options.readyWithin !== 0) await untilReady(running, options.readyWithin ?? READY_WITHIN);
      return running;
    } catch (error) {
      await running.stop(0);
      // Another program took the free port first.
      const taken = running.lines.some(line => /port \d+ is taken|EADDRINUSE/.test(line.text));
      if (!taken || given || attempt === 3) throw error;
    }
  }
}

function launch(
  {service, root = ROOT, name = service, env = {}, node = [], args = [], onLine, onMessage}: ProcessOptions,
  port: number,
): RunningProcess {
  const program = `${service.includes('/') ? service : `services/${service}`}/src/main.ts`;
  const inherited = Object.fromEntries(INHERITED.map(key => [key, process.env[key]]));
  const child = spawn(process.execPath, ['--import', END_WITH_PARENT, ...node, program, ...args], {
    cwd: root,
    env: {...inherited, NODE_COMPILE_CACHE: COMPILE_CACHE, ...env, PORT: String(port)},
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: true, // Ctrl-C is for us; we stop our processes in order
  });
  living.add(child);
  if (onMessage) child.on('message', onMessage);
  const lines: LogLine[] = [];
  const listeners = new Set<(line: LogLine) => void>(onLine ? [onLine] : []);
  const hear = (stream: 'out' | 'err') => (text: string) => {
    const line = readLine(stream, text);
    if (lines.push(line) > REMEMBERED_LINES) lines.shift();
    for (const listener of listeners) listener(line);
  };
  createInterface({input: child.stdout as NodeJS.ReadableStream}).on('line', hear('out'));
  createInterface({input: child.stderr as NodeJS.ReadableStream}).on('line', hear('err'));
  const exited = new Promise<Exit>(resolve => {
    child.once('error', () => resolve({code: null, signal: null}));
    child.once('close', (code, signal) => resolve({code, signal}));
  }).finally(() => living.delete(child));

  const running: RunningProcess = {
    name,
    service,
    pid: child.pid ?? 0,
    port,
    url: `http://127.0.0.1:${port}`,
    lines,
    exited,
    onLine(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async line(match, within = 30_000) {
      const matches = typeof match === 'string' ? (line: LogLine) => line.json?.['msg'] === match : match;
      const past = lines.find(matches);
      if (past) return past;
      const found = Promise.withResolvers<LogLine>();
      const forget = running.onLine(line => {
        if (matches(line)) found.resolve(line);
      });
      const line = await Promise.race([found.promise, exited.then(() => undefined), pause(within)]);
      forget();
      if (!line) throw new ProcessFailed(`${name} did not say ${String(match)} within ${within} ms`, lines);
      return line;
    },
    kill(signal) {
      child.kill(signal);
    },
    async stop(within = 10_000) {
      if (within > 0) {
        child.kill('SIGTERM');
        await Promise.race([exited, pause(within)]);
      }
      child.kill('SIGKILL');
      return exited;
    },
    [Symbol.asyncDispose]: async () => {
      await running.stop();
      started.delete(running);
    },
  };
  started.add(running);
  return running;
}

/** What all processes that were started here, and not disposed of, have said, as a log of the fleet: `name  | line`. */
export function saidByAll(): string[] {
  return [...started].flatMap(({name, lines}) => lines.map(({text}) => `${name}  | ${text}`));
}

/** Resolves when /readyz answers 200; otherwise rejects with the reason and the last line of the process. */
export async function untilReady({name, port, lines, exited}: RunningProcess, within: Millis): Promise<void> {
  const end = performance.now() + within;
  let ended: Exit | undefined;
  void exited.then(exit => {
    ended = exit;
  });
  for (;;) {
    const why = await askReady(port, ASK_WITHIN);
    if (ended) {
      const how = ended.signal ?? `exit code ${ended.code}`;
      throw new ProcessFailed(`${name} ended with ${how} before it was ready; ${lastWords(lines)}`, lines);
    }
    if (why === undefined) return;
    if (performance.now() > end)
      throw new ProcessFailed(`${name} was not ready within ${within} ms: ${why}; ${lastWords(lines)}`, lines);
    await sleep(25);
  }
}

function lastWords(lines: readonly LogLine[]): string {
  const refusal = lines.findLastIndex(({text}) => text.includes('cannot start: '));
  if (refusal >= 0) {
    const told = lines.slice(refusal).filter(({stream}) => stream === 'err');
    return `it says: ${told.map(({text}) => text.trim()).join(' ')}`;
  }
  const line = lines.findLast(({text}) => text.trim() !== '');
  return line ? `its last line: ${saidIn(line)}` : 'it has said nothing';
}

/** A free TCP port. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const port = portOf(server);
  await close(server);
  return port;
}

/** Free TCP ports from `first` on. */
export async function freePortsFrom(first: number, count: number): Promise<number[]> {
  const free: number[] = [];
  for (let port = first; free.length < count && port <= 65_535; port += 1) {
    if (!BLOCKED_PORTS.has(port) && (await isFree(port))) free.push(port);
  }
  return free;
}

/** Whether this TCP port is free. */
export async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port);
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  await close(server);
  return true;
}

async function close(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}

/** Resolves after `delay` ms, without keeping the process alive. */
function pause(delay: Millis): Promise<undefined> {
  return sleep(delay, undefined, {ref: false});
}
