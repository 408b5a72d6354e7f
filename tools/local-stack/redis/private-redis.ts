import {execFile, spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp} from 'node:fs/promises';
import {createServer, Socket} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import {CannotStart} from '@voicebridge/shared/errors.ts';
import {portOf} from '@voicebridge/shared/service/http.ts';

/** A Redis of this process that ends with it, even if this process is killed with -9. */
export interface PrivateRedis {
  readonly port: number;
  readonly pid: number;
  /** Resolves when it has ended, for whatever reason. */
  readonly exited: Promise<void>;
  /** Stops it and removes its temporary folder. Idempotent. */
  close(): Promise<void>;
}

export interface PrivateRedisOptions {
  /** 0 or undefined for a free port. */
  readonly port?: number;
  /** Keeps an append-only file, so that a restart in the same `dir` finds its data. */
  readonly persist?: boolean;
  /** The folder for its files, not removed on close; otherwise a temporary folder, removed on close. */
  readonly dir?: string;
  /** More of the server's own settings, as on its command line. */
  readonly settings?: readonly string[];
}

export interface RedisBinary {
  /** A name on the PATH, or the path of a program. */
  readonly command: string;
  readonly version: string;
}

/**
 * Runs a server and waits for its standard input to end, which happens when the parent closes it or is dead. Then it
 * ends the server and removes the temporary folder ($1, may be empty). The server itself is $2 and what follows.
 */
const WATCHDOG = `
exec 3<&0
folder=$1; shift
"$@" </dev/null & server=$!
echo "pid $server"
{ read -r _ <&3; kill -TERM $server; sleep 1; kill -KILL $server; } 2>/dev/null & watch=$!
wait $server
kill $watch 2>/dev/null
if [ -n "$folder" ]; then rm -rf "$folder"; fi
`;

/**
 * The server that `REDIS_SERVER` names; else the first on the PATH that is new enough; undefined if there is none.
 * Throws `CannotStart` if the named one cannot be used.
 */
export async function findRedisBinary(): Promise<RedisBinary | undefined> {
  if (process.platform === 'win32') return undefined;
  const {REDIS_SERVER: named} = process.env;
  if (named) {
    const version = await versionOf(named);
    if (version !== undefined && Number.parseInt(version, 10) >= 7) return {command: named, version};
    throw new CannotStart(`REDIS_SERVER: ${named} is no redis-server or valkey-server of version 7 or newer.`);
  }
  for (const command of ['redis-server', 'valkey-server'] as const) {
    const version = await versionOf(command);
    if (version !== undefined && Number.parseInt(version, 10) >= 7) return {command, version};
  }
  return undefined;
}

/** Starts a server from the PATH on loopback. It writes nothing to disk unless `dir` is given. */
export async function startRedisBinary(binary: RedisBinary, options: PrivateRedisOptions = {}): Promise<PrivateRedis> {
  const temporary = options.dir === undefined ? await mkdtemp(join(tmpdir(), 'voicebridge-redis-')) : '';
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port || (await freePort());
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', options.dir ?? temporary];
    const persistence = ['--appendonly', options.persist ? 'yes' : 'no'];
    const command = [binary.command, ...args, ...persistence, ...(options.settings ?? [])];
    const child = spawn('/bin/sh', ['-c', WATCHDOG, 'sh', temporary, ...command], {
      stdio: ['pipe', 'pipe', 'ignore'],
      detached: true, // Ctrl-C in a terminal must not reach it before the services have drained
    });
    const lines: string[] = [];
    let pid = 0;
    for await (const line of createInterface({input: child.stdout})) {
      lines.push(line);
      if (line.startsWith('pid ')) pid = Number(line.slice(4));
      if (line.includes('Ready to accept connections')) return held(child, port, pid);
    }
    const taken = lines.some(line => /in use|failed listening/i.test(line));
    if (taken && !options.port && attempt < 5) continue;
    throw new CannotStart(`${binary.command} did not start on port ${port}: ${lines.at(-1) ?? 'it said nothing'}`);
  }
}

/** Starts the JavaScript Redis. For trials, never for production. */
export async function startEmbeddedRedis(options: {readonly port?: number} = {}): Promise<PrivateRedis> {
  const program = fileURLToPath(new URL('embedded-redis.ts', import.meta.url));
  const child = spawn(process.execPath, [program, String(options.port ?? 0)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  });
  for await (const line of createInterface({input: child.stdout})) {
    if (line.startsWith('ready ')) return held(child, Number(line.slice(6)), child.pid ?? 0);
  }
  throw new CannotStart('the embedded Redis did not start.');
}

/** A running child, which no longer keeps this process alive. */
function held(child: ChildProcess, port: number, pid: number): PrivateRedis {
  const exited = once(child, 'exit').then(() => {});
  child.stdout?.resume();
  child.unref();
  for (const stream of [child.stdin, child.stdout]) if (stream instanceof Socket) stream.unref();
  return {
    port,
    pid,
    exited,
    close() {
      child.ref();
      child.stdin?.end();
      return exited;
    },
  };
}

function versionOf(command: string): Promise<string | undefined> {
  return new Promise(resolve => {
    execFile(command, ['--version'], (error, stdout) => resolve(error ? undefined : /v=(\d[\d.]*)/.exec(stdout)?.[1]));
  });
}

/** A free port of loopback. */
export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}

/** Different free ports of loopback. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({length: count}, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map(server => once(server, 'listening')));
  const ports = servers.map(portOf);
  await Promise.all(servers.map(server => once(server.close(), 'close')));
  return ports;
}
