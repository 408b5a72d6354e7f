import {cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, expect, test} from 'vitest';
import {runCommand} from './run-command.ts';

const folder = mkdtempSync(join(tmpdir(), 'rehearse-'));
const weather = createServer((_, response) => {
  const current = {temperature_2m: 8.5, wind_speed_10m: 4, precipitation: 2};
  response.setHeader('content-type', 'application/json').end(JSON.stringify({current}));
});
afterAll(async () => {
  rmSync(folder, {recursive: true});
  await new Promise(resolve => weather.close(resolve));
});

test('every example is rehearsed, with the worker of each killed in mid-call', async () => {
  await new Promise<void>(resolve => weather.listen(0, '127.0.0.1', resolve));
  const examples = join(folder, 'examples');
  cpSync('assistants/examples', examples, {recursive: true});
  // The only thing that is not ours: the service that the weather line asks.
  const file = join(examples, 'weather.ts');
  const source = readFileSync(file, 'utf8');
  const here = `http://127.0.0.1:${(weather.address() as AddressInfo).port}`;
  expect(source).toContain('https://api.open-meteo.com');
  writeFileSync(file, source.replace('https://api.open-meteo.com', here));

  const junit = join(folder, 'junit.xml');
  const run = runCommand(['rehearse', '--folder', examples, '--kill', 'worker', '--junit', junit], {TMPDIR: folder});
  expect(await run.exitCode, run.output()).toBe(0);
  expect(run.output().match(/is killed/g)).toHaveLength(4);
  expect(run.output()).toContain('4 rehearsed, all as expected');
  expect(readFileSync(junit, 'utf8')).toContain('tests="4" failures="0"');
  await expect.poll(() => run.leftovers(), {timeout: 30_000}).toEqual([]);
});
