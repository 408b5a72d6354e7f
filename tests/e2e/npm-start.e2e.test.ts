import {chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {devNull, tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {isFree} from '../../tools/local-stack/processes.ts';
import {optionsFrom} from '../../simulators/openai/src/fake-openai-env.ts';
import {startFakeOpenAI} from '../../simulators/openai/src/fake-openai.ts';
import {startFakeTwilio, type CallerScript} from '../../simulators/twilio/src/fake-twilio.ts';
import {runCommand, type Command} from './run-command.ts';

const authToken = '0123456789abcdef0123456789abcdef';
/** The address of the tunnel: here the port to which the README has it lead. */
const address = 'http://127.0.0.1:5050';
const goodbye: CallerScript = [
  {do: 'waitForSilence', ms: 400},
  {do: 'say', clip: 'caller-goodbye'},
];
/** The ports of the first process of each kind, and of the simulated model. */
const DEFAULT_PORTS = [5050, 5051, 5052, 5053, 5100];

let folder: string;
beforeEach(async ({skip}) => {
  folder = mkdtempSync(join(tmpdir(), 'start-test-'));
  const taken: number[] = [];
  for (const port of DEFAULT_PORTS) if (!(await isFree(port))) taken.push(port);
  if (taken.length === 0) return;
  const reason = `these tests need the default ports, and another program has ${taken.join(', ')}`;
  if (process.env['CI']) throw new Error(reason);
  skip(reason);
});
afterEach(() => rmSync(folder, {recursive: true, force: true}));

/** Steps 1 and 3 of the README: .env.example copied, and three lines of it filled in; the fourth names the simulated model. */
function dotenv(modelUrl: string): string {
  const lines = [
    'OPENAI_API_KEY=sk-test',
    `PUBLIC_WEBHOOK_URL=${address}`,
    `TWILIO_AUTH_TOKEN=${authToken}`,
    `OPENAI_REALTIME_URL=${modelUrl}`,
  ];
  const example = readFileSync('.env.example', 'utf8').replace(/^OPENAI_API_KEY=$/m, '');
  const file = join(folder, 'dotenv');
  writeFileSync(file, [example, ...lines, ''].join('\n'));
  return file;
}

/** Step 4: `npm start`, until it says that it is ready. */
async function npmStart(modelUrl: string, ...args: string[]): Promise<Command> {
  const env = {DOTENV_CONFIG_PATH: dotenv(modelUrl), TMPDIR: folder, DATA_DIR: join(folder, 'analytics')};
  const started = runCommand(['start', ...args], env);
  let ended = false;
  void started.exitCode.then(() => (ended = true));
  const ready = () => started.output().includes('What happened in the calls');
  await expect.poll(() => ended || ready(), {timeout: 180_000}).toBe(true);
  expect(ready(), started.output()).toBe(true);
  return started;
}

const model = () => startFakeOpenAI({...optionsFrom({}), apiKey: 'sk-test'});
const phone = () =>
  startFakeTwilio({webhookUrl: `${address}/incoming-call`, statusCallbackUrl: `${address}/call-status`, authToken});

/** A program that says it has opened a tunnel, as `cloudflared` does; nobody can reach its address. */
function tunnelTool(): string {
  const path = join(folder, 'bin');
  mkdirSync(path);
  const tool = join(path, 'cloudflared');
  writeFileSync(tool, '#!/bin/sh\necho "INF |  https://stub.trycloudflare.com  |" >&2\nexec sleep 600\n');
  chmodSync(tool, 0o755);
  return `${path}:${process.env['PATH']}`;
}

async function nothingIsLeftOf(started: Command): Promise<void> {
  expect(await started.exitCode, started.output()).toBe(0);
  await expect.poll(() => started.leftovers(), {timeout: 30_000}).toEqual([]);
  await expect.poll(() => readdirSync(folder), {timeout: 30_000}).toEqual(['analytics', 'dotenv']);
}

describe('an operator with one tunnel, on the default ports,', () => {
  test('who follows the five steps of the README has a call answered', async () => {
    await using openai = await model();
    const started = await npmStart(openai.url);
    expect(started.output()).toContain(`Webhook, ${address}/incoming-call, HTTP POST`);
    await using twilio = await phone();
    const report = await twilio.dial(goodbye).ended;
    expect(report.violations).toEqual([]);
    expect(report.alerts).toEqual([]);
    expect(report.endedBy, report.reason).toBe('platform');
    expect(report.streams.map(({url}) => url)).toEqual([expect.stringMatching('^ws://127.0.0.1:5050/media-stream/')]);
    const unsigned = await fetch(`${address}/incoming-call`, {
      method: 'POST',
      body: new URLSearchParams({CallSid: '1'}),
    });
    expect(unsigned.status).toBe(403);
    const doctor = runCommand(['doctor', '--json'], {DOTENV_CONFIG_PATH: join(folder, 'dotenv')});
    expect(await doctor.exitCode, doctor.output()).toBe(0);
    expect(doctor.output()).toContain("is our webhook and takes Twilio's signature");
    expect(doctor.output()).toContain("is our edge and takes Twilio's signature");
    expect(doctor.output()).toContain('it spoke after');
    expect(started.output().match(/stream began/g)).toHaveLength(1);
    started.ctrlC();
    await nothingIsLeftOf(started);
  });

  test('who runs two edges and three workers takes calls on every edge, and after Ctrl-C these finish while new callers are refused', async () => {
    await using openai = await model();
    const started = await npmStart(openai.url, '--edges', '2', '--workers', '3');
    for (const name of ['edge-1 5051', 'worker-1 5052', 'front door 5050', 'analytics 5053'])
      expect(started.output()).toContain(name);
    await using twilio = await phone();
    const first = twilio.dial(goodbye);
    // The front door takes the edge with the fewest sockets: the first one must be open before the second is asked for.
    await expect.poll(() => started.output().match(/stream began/g)?.length, {timeout: 60_000}).toBe(1);
    const second = twilio.dial(goodbye);
    await expect.poll(() => first.hearsAssistant && second.hearsAssistant, {interval: 20, timeout: 60_000}).toBe(true);

    started.ctrlC();
    // From this line on a worker takes no call.
    const draining = () => started.output().match(/worker-\d +info +draining reason=/g)?.length;
    await expect.poll(draining, {timeout: 60_000}).toBe(3);
    const late = await twilio.dial(goodbye).ended;
    expect(late.saidByTwilio.join(' ')).toContain('busy');
    expect(late.streams).toEqual([]);

    for (const report of await Promise.all([first.ended, second.ended])) {
      expect(report.violations).toEqual([]);
      expect(report.alerts).toEqual([]);
      expect(report.endedBy, report.reason).toBe('platform');
    }
    await nothingIsLeftOf(started);
    for (const edge of ['edge-1', 'edge-2'])
      expect(started.output()).toMatch(new RegExp(`${edge} +info +stream began`));
  });

  test('who lets npm start open the tunnel only has to call the number', async () => {
    await using openai = await model();
    await using twilio = await startFakeTwilio({webhookUrl: 'https://before.example.com/', authToken});
    const env = {
      DOTENV_CONFIG_PATH: devNull,
      TMPDIR: folder,
      DATA_DIR: join(folder, 'analytics'),
      OPENAI_API_KEY: 'sk-test',
      OPENAI_REALTIME_URL: openai.url,
      TWILIO_AUTH_TOKEN: authToken,
      TWILIO_ACCOUNT_SID: twilio.accountSid,
      TWILIO_NUMBER: twilio.number.number,
      TWILIO_API_URL: twilio.restUrl,
      PATH: tunnelTool(),
    };
    const started = runCommand(['start', '--tunnel'], env);
    let ended = false;
    void started.exitCode.then(() => (ended = true));
    await expect.poll(() => ended || started.output().includes('call +15550100002'), {timeout: 180_000}).toBe(true);
    expect(twilio.number.setUp).toMatchObject({
      voiceUrl: 'https://stub.trycloudflare.com/incoming-call#rc=2&rp=all',
      statusCallback: 'https://stub.trycloudflare.com/call-status',
    });
    expect(started.output()).not.toContain('A call comes in');
    started.ctrlC();
    expect(await started.exitCode, started.output()).toBe(0);
    await expect.poll(() => started.leftovers(), {timeout: 30_000}).toEqual([]);
  });
});
