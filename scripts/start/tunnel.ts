import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {access, constants} from 'node:fs/promises';
import {delimiter, join} from 'node:path';
import {createInterface} from 'node:readline';
import type {Env} from '@voicebridge/shared/config/config.ts';
import {CannotStart} from '@voicebridge/shared/errors.ts';
import type {Millis} from '@voicebridge/shared/time.ts';

/** A program that opens a tunnel, and the public address in what it prints. */
interface Tool {
  readonly name: string;
  readonly args: (port: number) => readonly string[];
  readonly address: RegExp;
}

/** The first that is installed is taken. */
const TOOLS: readonly Tool[] = [
  {
    name: 'cloudflared',
    args: port => ['tunnel', '--no-autoupdate', '--url', `http://127.0.0.1:${port}`],
    address: /https:\/\/(?!api\.)[a-z0-9-]+\.trycloudflare\.com/,
  },
  {
    name: 'ngrok',
    args: port => ['http', `http://127.0.0.1:${port}`, '--log=stdout', '--log-format=logfmt'],
    address: /(?<=\burl=)https:\/\/[^\s"]+/,
  },
  {
    name: 'tailscale',
    args: port => ['funnel', '--yes', String(port)],
    address: /https:\/\/[a-z0-9.-]+\.ts\.net(:\d+)?/,
  },
];
const NO_TOOL =
  '--tunnel needs cloudflared, ngrok or tailscale on the PATH; cloudflared needs no account: https://developers.cloudflare.com/tunnel/downloads/';
const OPEN_WITHIN: Millis = 30_000;
/** So many of its last lines tell why a tool opened no tunnel. */
const LAST_WORDS = 3;

/**
 * Runs a tool ("$@") and ends it when standard input ends: also when we were killed. The tool does not see Ctrl-C, so that
 * calls can finish.
 */
const WATCHDOG = `
exec 3<&0
"$@" </dev/null & tool=$!
{ read -r _ <&3; kill -TERM $tool; sleep 2; kill -KILL $tool; } >/dev/null 2>&1 & watch=$!
wait $tool; code=$?
kill $watch 2>/dev/null
exit $code
`;

/** An open tunnel. Disposing of it closes it. */
export interface Tunnel extends AsyncDisposable {
  /** `https://…`, without a last slash. */
  readonly url: string;
  readonly tool: string;
  /** Resolves when the tool has ended, for whatever reason. */
  readonly ended: Promise<void>;
}

export interface TunnelOptions {
  /** The port on loopback that it leads to. */
  readonly port: number;
  /** The environment of the tool, without secrets of ours. */
  readonly env: Env;
  readonly within?: Millis;
}

/** Opens a tunnel with the first tool on the PATH that can. Throws `CannotStart` that says how to get one. */
export async function openTunnel(options: TunnelOptions): Promise<Tunnel> {
  const failures: string[] = [];
  for (const tool of TOOLS) {
    const program = await findOnPath(tool.name, options.env['PATH'] ?? '');
    if (program === undefined) continue;
    const opened = await runTool(program, tool, options);
    if (typeof opened !== 'string') return opened;
    failures.push(opened);
  }
  throw new CannotStart(failures.length === 0 ? NO_TOOL : failures.join('\n  '));
}

/** Resolves with the tunnel, or with the reason why there is none. */
async function runTool(program: string, tool: Tool, options: TunnelOptions): Promise<Tunnel | string> {
  const {port, env, within = OPEN_WITHIN} = options;
  const child = spawn('/bin/sh', ['-c', WATCHDOG, 'sh', program, ...tool.args(port)], {
    env: {...env},
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const ended = once(child, 'close').then(() => {});
  const close = async () => {
    child.stdin.destroy();
    await ended;
  };
  child.stdin.on('error', () => {}); // it ended first
  const said: string[] = [];
  const found = Promise.withResolvers<string>();
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({input: stream}).on('line', line => {
      const [address] = tool.address.exec(line) ?? [];
      if (address !== undefined) found.resolve(address.replace(/\/+$/, ''));
      if (line.trim() !== '' && said.push(line.trim()) > LAST_WORDS) said.shift();
    });
  }
  const late = AbortSignal.timeout(within);
  const url = await Promise.race([found.promise, ended, once(late, 'abort').then(() => {})]);
  if (url !== undefined) return {url, tool: tool.name, ended, [Symbol.asyncDispose]: close};
  const why = late.aborted ? `opened no tunnel within ${within / 1_000} s` : 'ended without a tunnel';
  const words = said.join(' ') || 'nothing'; // before the shell adds that it was ended
  await close();
  return `${tool.name} ${why}; it says: ${words}`;
}

async function findOnPath(name: string, path: string): Promise<string | undefined> {
  for (const folder of path.split(delimiter)) {
    const program = join(folder, name);
    const isThere = await access(program, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (folder !== '' && isThere) return program;
  }
  return undefined;
}
