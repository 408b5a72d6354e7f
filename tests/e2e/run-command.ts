import {execFileSync, spawn} from 'node:child_process';
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A command as a person runs it, with all processes that it starts. */
export interface Command {
  readonly exitCode: Promise<number | null>;
  output(): string;
  /** What Ctrl-C does: a signal for everything that the terminal runs. */
  ctrlC(): void;
  /** The processes that it or its children started and that still live. */
  leftovers(): number[];
}

/** Runs `npm run NAME -- ARGS`, without npm and without a terminal. */
export function runCommand(args: readonly string[], env: Readonly<Record<string, string>>): Command {
  const {REDIS_URL: _, DATABASE_URL: __, FORCE_COLOR: ___, ...inherited} = process.env;
  const child = spawn(process.execPath, ['scripts/setup.mjs', ...args], {
    cwd: ROOT,
    env: {...inherited, NO_COLOR: '1', COLUMNS: '100', ...env},
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const pid = child.pid ?? 0;
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (output += String(chunk)));
  const seen = new Set<number>();
  const look = () => {
    for (const one of descendants(pid)) seen.add(one);
  };
  const looking = setInterval(look, 250);
  const exitCode = new Promise<number | null>(resolve => {
    child.once('close', code => {
      clearInterval(looking);
      resolve(code);
    });
  });
  return {
    exitCode,
    output: () => output,
    ctrlC() {
      look();
      process.kill(-pid, 'SIGINT');
    },
    leftovers: () => living().flatMap(one => (seen.has(one.pid) ? one.pid : [])),
  };
}

interface Running {
  readonly pid: number;
  readonly parent: number;
}

/** Every process of this machine, apart from zombies. */
function living(): Running[] {
  const isLinux = existsSync('/proc/self/stat'); // where `ps` may be missing
  const lines = isLinux ? readdirSync('/proc').flatMap(statLine) : psLines();
  return lines.flatMap(line => {
    const [pid, parent, state] = line.trim().split(/\s+/);
    return state?.startsWith('Z') ? [] : [{pid: Number(pid), parent: Number(parent)}];
  });
}

function psLines(): string[] {
  return execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat=']).toString().trim().split('\n');
}

function statLine(pid: string): string[] {
  try {
    // 4711 (a name, which may hold anything) S 4710 …
    const [, state, parent] = /.*\) (\w) (\d+)/s.exec(readFileSync(`/proc/${Number(pid)}/stat`, 'utf8')) ?? [];
    return [`${pid} ${parent} ${state}`];
  } catch {
    return []; // not a process, or gone by now
  }
}

/** A process, its children, their children, and so on. */
function descendants(root: number): number[] {
  const all = living();
  const family = [root];
  for (const pid of family) family.push(...all.filter(({parent}) => parent === pid).map(child => child.pid));
  return family;
}
