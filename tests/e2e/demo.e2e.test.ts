import {mkdtempSync, readdirSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {runCommand} from './run-command.ts';

describe('a newcomer', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'demo-test-'));
  });
  afterEach(() => rmSync(folder, {recursive: true, force: true}));

  const startDemo = (...args: readonly string[]) => runCommand(['demo', ...args], {TMPDIR: folder});

  test('sees three calls, one of them interrupted and one whose worker is killed, and nothing is left behind', async () => {
    const demo = startDemo('--wav', join(folder, 'calls'));
    expect(await demo.exitCode, demo.output()).toBe(0);

    const output = demo.output();
    expect(output).toMatch(/Redis: /);
    for (const name of ['Ada', 'Ben', 'Cleo'])
      expect(output).toMatch(new RegExp(`${name} +is connected: edge-\\d, worker-\\d`));
    expect(output.match(/ cuts in /g)).toHaveLength(1);
    expect(output).toMatch(/silence \d+ ms after Ben’s first sound/);
    expect(output).toContain('Ada              the assistant hangs up');
    const [, victim] = /kill -9 +(worker-\d) is killed in mid-sentence/.exec(output) ?? [];
    const [, successor] = /(worker-\d) has taken the call over +\d+ ms after the kill/.exec(output) ?? [];
    expect([victim, successor]).toEqual([expect.any(String), expect.not.stringMatching(victim ?? '')]);
    expect(output.replaceAll(/\s+/g, ' ')).toMatch(/“Your table for four .* … .*text message to confirm it\.”/);
    expect(output).toContain('3 calls completed, 1 interrupted, 1 worker killed, nothing lost, nothing refused');
    expect(output).not.toContain('\u001b[');

    await expect.poll(() => demo.leftovers(), {timeout: 30_000}).toEqual([]);
    expect(readdirSync(join(folder, 'calls')).toSorted()).toEqual(['ada.wav', 'ben.wav', 'cleo.wav']);
    // The product's recording: linear samples of both sides, of a call that lasts some seconds.
    const wav = readFileSync(join(folder, 'calls', 'ben.wav'));
    expect([wav.readUInt16LE(20), wav.readUInt16LE(22), wav.readUInt32LE(24)]).toEqual([1, 2, 8_000]);
    const loudest = (side: number) =>
      Array.from({length: Math.floor((wav.length - 44) / 4)}, (_, at) =>
        wav.readInt16LE(44 + at * 4 + side * 2),
      ).reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    expect(wav.length).toBeGreaterThan(5 * 32_000);
    expect(loudest(0)).toBeGreaterThan(1_000);
    expect(loudest(1)).toBeGreaterThan(1_000);
    await expect.poll(() => readdirSync(folder), {timeout: 30_000}).toEqual(['calls']);
  });

  test('who has seen enough presses Ctrl-C in the middle of a call, and nothing is left behind', async () => {
    const demo = startDemo();
    await expect.poll(() => demo.output(), {timeout: 180_000}).toMatch(/Ben +is connected/);
    demo.ctrlC();
    expect(await demo.exitCode).toBe(130);
    expect(demo.output()).toContain('nothing is left behind');
    await expect.poll(() => demo.leftovers(), {timeout: 30_000}).toEqual([]);
    await expect.poll(() => readdirSync(folder), {timeout: 30_000}).toEqual([]);
  });

  test('who mistypes an option reads the list of options', async () => {
    const demo = startDemo('--keap');
    expect(await demo.exitCode).toBe(1);
    expect(demo.output()).toContain("Unknown option '--keap'");
    expect(demo.output()).toContain('npm run demo -- --help');
  });
});
