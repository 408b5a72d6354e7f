import {expect, test} from 'vitest';
import {freePort} from '../../tools/local-stack/processes.ts';
import {keepRunning} from './keep-running.ts';

const options = async () => ({
  service: 'scripts/testing/sample',
  name: 'sample',
  env: {PORT: String(await freePort())},
});

test('a process that crashed is started again on its port, and the operator sees both events', async () => {
  const said: string[] = [];
  const given = await options();
  const kept = await keepRunning(given, line => said.push(line));
  const first = kept.pid();
  await fetch(`http://127.0.0.1:${given.env.PORT}/crash`).catch(() => {});
  await expect.poll(() => said.length, {timeout: 10_000}).toBe(2);
  expect(said).toEqual(['ended (exit code 3); starting it again', `running again (process ${kept.pid()})`]);
  expect(kept.pid()).not.toBe(first);
  await kept.stop(1_000);
  expect(kept.pid()).toBeUndefined();
});

test('a restart that a developer asked for is not reported as a crash', async () => {
  const said: string[] = [];
  const kept = await keepRunning(await options(), line => said.push(line));
  await kept.restart(1_000);
  await expect.poll(() => said, {timeout: 10_000}).toEqual([expect.stringContaining('running again')]);
  await kept.stop(1_000);
});

test('a process that is stopped while it waits for its restart stays down', async () => {
  const said: string[] = [];
  const given = await options();
  const kept = await keepRunning(given, line => said.push(line));
  await fetch(`http://127.0.0.1:${given.env.PORT}/crash`).catch(() => {});
  await expect.poll(() => said.length).toBe(1);
  await kept.stop(1_000);
  expect(kept.pid()).toBeUndefined();
  expect(said).toHaveLength(1);
});
