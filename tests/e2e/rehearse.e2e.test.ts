import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, expect, test} from 'vitest';
import {runCommand} from './run-command.ts';

const folder = mkdtempSync(join(tmpdir(), 'rehearse-'));
afterAll(() => rmSync(folder, {recursive: true}));

test('the reception books a table and connects callers with a person, with its worker killed in mid-call', async () => {
  const junit = join(folder, 'junit.xml');
  const args = ['--folder', 'assistants/examples', '--only', 'reception', '--kill', 'worker', '--junit', junit];
  const run = runCommand(['rehearse', ...args], {TMPDIR: folder});
  expect(await run.exitCode, run.output()).toBe(0);
  expect(run.output()).toContain('is killed');
  expect(run.output()).toContain('2 rehearsed, all as expected');
  expect(readFileSync(junit, 'utf8')).toContain('tests="2" failures="0"');
  await expect.poll(() => run.leftovers(), {timeout: 30_000}).toEqual([]);
});
