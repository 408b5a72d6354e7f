import {copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, type ExpectStatic, test} from 'vitest';
import {runCommand} from './run-command.ts';

const EXAMPLES = 'assistants/examples';
const folder = mkdtempSync(join(tmpdir(), 'rehearse-'));
const weather = createServer((_, response) => {
  const current = {temperature_2m: 8.5, wind_speed_10m: 4, precipitation: 2};
  response.setHeader('content-type', 'application/json').end(JSON.stringify({current}));
});
afterAll(async () => {
  rmSync(folder, {recursive: true});
  await new Promise(resolve => weather.close(resolve));
});

/** Rehearses in a folder of its own, and looks into the report and for processes that are left. */
async function rehearsed(args: readonly string[], count: number, expect: ExpectStatic): Promise<string> {
  const own = mkdtempSync(join(folder, 'run-'));
  const junit = join(own, 'junit.xml');
  const run = runCommand(['rehearse', ...args, '--junit', junit], {TMPDIR: own});
  expect(await run.exitCode, run.output()).toBe(0);
  expect(run.output()).toContain(`${count} rehearsed, all as expected`);
  expect(readFileSync(junit, 'utf8')).toContain(`tests="${count}" failures="0"`);
  await expect.poll(() => run.leftovers(), {timeout: 30_000}).toEqual([]);
  return run.output();
}

test.concurrent('the reception books a table and connects callers with a person, with its worker killed in mid-call', async ({
  expect,
}) => {
  const output = await rehearsed(['--folder', EXAMPLES, '--only', 'reception', '--kill', 'worker'], 2, expect);
  expect(output).toContain('is killed');
});

test.concurrent('the survey notes three answers and leaves a machine alone, the weather line asks its service and calls a person', async ({
  expect,
}) => {
  await new Promise<void>(resolve => weather.listen(0, '127.0.0.1', resolve));
  const others = join(folder, 'others');
  mkdirSync(others);
  const files = [
    'survey.yaml',
    'survey.call.yaml',
    'survey.machine.call.yaml',
    'weather.call.yaml',
    'weather.person.call.yaml',
  ];
  for (const file of files) copyFileSync(join(EXAMPLES, file), join(others, file));
  // The only thing that is not ours: the service that the weather line asks.
  const source = readFileSync(join(EXAMPLES, 'weather.ts'), 'utf8');
  const here = `http://127.0.0.1:${(weather.address() as AddressInfo).port}`;
  expect(source).toContain('https://api.open-meteo.com');
  writeFileSync(join(others, 'weather.ts'), source.replace('https://api.open-meteo.com', here));
  await rehearsed(['--folder', others], 4, expect);
});
