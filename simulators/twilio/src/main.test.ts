import {execFile} from 'node:child_process';
import {mkdtemp, readdir, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {AUTH_TOKEN, MockBridge, type MockBridgeBehaviour} from './testing/mock-bridge.ts';

/** Runs the simulator as a process of its own. */
function run(env: Record<string, string>): Promise<{code: number; output: string}> {
  const main = new URL('main.ts', import.meta.url).pathname;
  return new Promise(resolve => {
    const child = execFile(process.execPath, [main], {env: {PATH: process.env['PATH'], ...env}}, (_, stdout, stderr) =>
      resolve({code: child.exitCode ?? -1, output: stdout + stderr}),
    );
  });
}

const speaks: MockBridgeBehaviour['onMessage'] = ({event}, seen) => event === 'start' && seen.say(Buffer.alloc(800, 1));

test('two callers are placed, heard, recorded and counted', async () => {
  await using bridge = await MockBridge.start({onMessage: speaks});
  const folder = await mkdtemp(join(tmpdir(), 'calls-'));
  const env = {
    WEBHOOK_URL: bridge.url('/voice'),
    TWILIO_AUTH_TOKEN: AUTH_TOKEN,
    CALLS: '2',
    SECONDS: '3',
    RECORD_DIR: folder,
  };
  const {code, output} = await run(env);
  expect(output).toContain('calls                 2, 0 without a word');
  expect(output).not.toContain('violation');
  expect(code).toBe(0);
  expect((await readdir(folder)).map(name => name.replace(/.*\./, '')).toSorted()).toEqual([
    'json',
    'json',
    'wav',
    'wav',
  ]);
  await rm(folder, {recursive: true});
}, 20_000);

test('a product that breaks the protocol makes the process fail', async () => {
  await using bridge = await MockBridge.start({
    onMessage: ({event}, {socket}) => event === 'start' && socket.send('hello'),
  });
  const {code, output} = await run({WEBHOOK_URL: bridge.url('/voice'), TWILIO_AUTH_TOKEN: AUTH_TOKEN, SECONDS: '3'});
  expect(output).toContain('violation  1 x 31951 not JSON');
  expect(output).toContain('1 without a word');
  expect(code).toBe(1);
}, 20_000);

test('a process without its settings says which', async () => {
  const {code, output} = await run({});
  expect(output).toContain('WEBHOOK_URL is not set');
  expect(code).toBe(1);
}, 20_000);
