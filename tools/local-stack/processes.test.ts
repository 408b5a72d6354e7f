import {execFileSync, spawn} from 'node:child_process';
import {once} from 'node:events';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import {expect, test} from 'vitest';
import {BLOCKED_PORTS} from '@voicebridge/shared/config/blocked-ports.ts';
import {isFree, ProcessFailed, startProcess, untilReady, type ProcessOptions} from './processes.ts';

const sample = (options: Partial<ProcessOptions> = {}) => startProcess({service: 'scripts/testing/sample', ...options});

async function firstFree(ports: readonly number[]): Promise<number> {
  for (const port of ports) if (await isFree(port)) return port;
  throw new Error(`all of ${ports.join()} are taken`);
}

const alive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test('an operator who lists processes sees which service each one is', async () => {
  await using running = await sample({name: 'sample-2'});
  const command = execFileSync('ps', ['-o', 'args=', '-p', String(running.pid)], {encoding: 'utf8'});
  expect(command).toContain('scripts/testing/sample/src/main.ts');
  expect((await fetch(`${running.url}/readyz`)).status).toBe(200);
});

test('a process gets the environment it was given, and no secret of ours', async () => {
  process.env['SAMPLE_SECRET'] = 'secret';
  await using running = await sample({env: {SAMPLE_SEEN: 'yes'}});
  delete process.env['SAMPLE_SECRET'];
  const {json} = await running.line('listening');
  expect(json).toMatchObject({seen: 'yes'});
  expect(json).not.toHaveProperty('secret');
});

test('an operator who stops a process lets it finish, and ends it when it does not', async () => {
  const slow = await sample({env: {SAMPLE: 'slow'}});
  expect(await slow.stop()).toEqual({code: 0, signal: null});
  const stubborn = await sample({env: {SAMPLE: 'stubborn'}});
  // It has been told before: a busy machine may give it no processor within so short a time.
  stubborn.kill('SIGTERM');
  await stubborn.line('draining');
  expect(await stubborn.stop(50)).toEqual({code: null, signal: 'SIGKILL'});
});

test('an operator sees at once that a port is taken', async () => {
  await using first = await sample();
  const second = sample({env: {PORT: String(first.port)}});
  await expect(second).rejects.toBeInstanceOf(ProcessFailed);
  await expect(second).rejects.toThrow(`port ${first.port} is taken`);
});

test('an operator learns why a process is not ready in time', async () => {
  await using busy = await sample({name: 'worker-1', env: {SAMPLE: 'never ready'}, readyWithin: 0});
  await busy.line('listening');
  await expect(untilReady(busy, 1)).rejects.toThrow(
    'worker-1 was not ready within 1 ms: /readyz says 503, Redis is unavailable; its last line: listening',
  );
});

test('an operator learns that a process does not listen, and its last line', async () => {
  await using deaf = await sample({name: 'worker-1', env: {SAMPLE: 'deaf'}, readyWithin: 0});
  await deaf.line('waiting for Redis');
  await expect(untilReady(deaf, 1)).rejects.toThrow(
    `worker-1 was not ready within 1 ms: nothing listens on port ${deaf.port} yet; its last line: waiting for Redis`,
  );
});

test('an operator learns why a process refuses to start, in the words of the process', async () => {
  const refusing = sample({name: 'worker-1', env: {SAMPLE: 'refuses'}});
  await expect(refusing).rejects.toThrow(
    'worker-1 ended with exit code 1 before it was ready; it says: sample cannot start: OPENAI_API_KEY is not set',
  );
});

test('a process is found ready on a port that fetch refuses', async () => {
  const port = await firstFree([...BLOCKED_PORTS].filter(blocked => blocked > 6_000));
  await using running = await sample({env: {PORT: String(port)}, readyWithin: 5_000});
  expect(running.port).toBe(port);
});

test('processes stop by themselves when the process that started them is killed', async () => {
  const program = `
    const {startProcess} = await import(${JSON.stringify(fileURLToPath(new URL('processes.ts', import.meta.url)))});
    const {pid} = await startProcess({service: 'scripts/testing/sample'});
    console.log(pid);`;
  const owner = spawn(process.execPath, ['--input-type=module', '-e', program], {stdio: ['ignore', 'pipe', 'inherit']});
  const [line] = (await once(createInterface({input: owner.stdout}), 'line')) as [string];
  expect(alive(Number(line))).toBe(true);
  owner.kill('SIGKILL');
  await expect.poll(() => alive(Number(line)), {timeout: 5_000}).toBe(false);
});
