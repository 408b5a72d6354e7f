import {execFileSync, spawn} from 'node:child_process';
import {existsSync, mkdtempSync, readdirSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface Demo {
  readonly exitCode: Promise<number | null>;
  output(): string;
  /** What Ctrl-C does: a signal for everything that the terminal runs. */
  ctrlC(): void;
  /** Every process there ever was, of those that still are. */
  leftovers(): number[];
}

describe('a newcomer', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'demo-test-'));
  });
  afterEach(() => rmSync(folder, {recursive: true, force: true}));

  /** `npm run demo`, with a folder of its own for temporary files. */
  function startDemo(...args: readonly string[]): Demo {
    const {REDIS_URL: _, FORCE_COLOR: __, ...inherited} = process.env;
    const child = spawn(process.execPath, ['scripts/setup.mjs', 'demo', ...args], {
      cwd: ROOT,
      env: {...inherited, TMPDIR: folder, NO_COLOR: '1', COLUMNS: '100'},
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (output += String(chunk)));
    const seen = new Set<number>();
    const look = () => descendants(child.pid!).forEach(pid => seen.add(pid));
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
        process.kill(-child.pid!, 'SIGINT');
      },
      leftovers: () => [...living()].map(({pid}) => pid).filter(pid => seen.has(pid)),
    };
  }

  test('sees three calls, one of them interrupted, in under a minute, and nothing stays behind', async () => {
    const began = performance.now();
    const demo = startDemo('--wav', join(folder, 'calls'));
    expect(await demo.exitCode, demo.output()).toBe(0);
    expect(performance.now() - began).toBeLessThan(60_000);

    const output = demo.output();
    expect(output).toMatch(/Redis: /);
    for (const name of ['Ada', 'Ben', 'Cleo'])
      expect(output).toMatch(new RegExp(`${name} +is connected: edge-\\d, worker-\\d`));
    expect(output.match(/ cuts in /g)).toHaveLength(1);
    expect(output).toMatch(/silence \d+ ms after Ben’s first sound/);
    expect(output).toContain('Ada              the assistant hangs up');
    expect(output).toContain('3 calls completed, 1 interrupted, nothing lost, nothing refused');
    expect(output).not.toContain('\u001b[');

    await expect.poll(() => demo.leftovers(), {timeout: 5_000}).toEqual([]);
    expect(readdirSync(join(folder, 'calls')).toSorted()).toEqual(['ada.wav', 'ben.wav', 'cleo.wav']);
    await expect.poll(() => readdirSync(folder)).toEqual(['calls']);
  });

  test('who has seen enough presses Ctrl-C in the middle of a call, and nothing stays behind', async () => {
    const demo = startDemo();
    await expect.poll(() => demo.output(), {timeout: 60_000}).toMatch(/Ben +is connected/);
    demo.ctrlC();
    expect(await demo.exitCode).toBe(130);
    expect(demo.output()).toContain('nothing is left behind');
    await expect.poll(() => demo.leftovers(), {timeout: 5_000}).toEqual([]);
    await expect.poll(() => readdirSync(folder), {timeout: 5_000}).toEqual([]);
  });

  test('who mistypes an option is told which there are', async () => {
    const demo = startDemo('--keap');
    expect(await demo.exitCode).toBe(1);
    expect(demo.output()).toContain("Unknown option '--keap'");
    expect(demo.output()).toContain('npm run demo -- --keep');
  });
});

interface Running {
  readonly pid: number;
  readonly parent: number;
}

/** Every process of this machine that is not merely waiting to be forgotten. */
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

function descendants(root: number): number[] {
  const all = living();
  const family = [root];
  for (const pid of family) family.push(...all.filter(({parent}) => parent === pid).map(child => child.pid));
  return family;
}
