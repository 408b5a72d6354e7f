import {access, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {devNull, tmpdir} from 'node:os';
import {join} from 'node:path';
import {newApiToken} from '@voicebridge/shared/config/api-tokens.ts';
import {WebSocket} from 'ws';
import {type Browser, chromium} from 'playwright-core';
import {expect, test} from 'vitest';
import {dataFolder, runAnalytics, until} from '../../services/analytics/src/testing/running-analytics.ts';
import {PcmView, storedHeader} from '../../services/analytics/src/recordings/wav.ts';
import {readClip} from '../../simulators/audio/clips.ts';
import {freePort} from '../../tools/local-stack/processes.ts';
import {AUTH_TOKEN, openBridge, ownRedis} from './bridge.ts';
import {runCommand} from './run-command.ts';

const CHROMIUM = '/usr/bin/chromium';
const there = await access(CHROMIUM).then(
  () => true,
  () => false,
);

/** What the microphone of the browser hears, again and again: a question, and the time in which it is answered. */
function spoken(): Buffer {
  const clip = readClip('caller-opening-hours');
  const mono = Buffer.concat([Buffer.alloc(24_000, 0xff), clip, Buffer.alloc(56_000, 0xff)]);
  const stereo = Buffer.from(Array.from({length: mono.length * 2}, (_, at) => mono[at >> 1] ?? 0xff));
  const stored = Buffer.concat([storedHeader(stereo.length), stereo]);
  // The browser's microphone reads linear samples only.
  const view = new PcmView(stored.length);
  return view.read(0, view.bytes, stored.subarray(...view.stored(0, view.bytes)));
}

/** A browser whose microphone hears `spoken` again and again. */
async function browserWithVoice(stack: AsyncDisposableStack): Promise<Browser> {
  const folder = await mkdtemp(join(tmpdir(), 'voicebridge-phone-'));
  stack.defer(() => rm(folder, {recursive: true, force: true}));
  const wav = join(folder, 'caller.wav');
  await writeFile(wav, spoken());
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--use-fake-ui-for-media-stream',
      '--use-fake-device-for-media-stream',
      `--use-file-for-fake-audio-capture=${wav}`,
      '--autoplay-policy=no-user-gesture-required',
    ],
  });
  stack.defer(() => browser.close());
  return browser;
}

test.skipIf(!there)(
  'somebody talks to the assistant from a browser, interrupts it, and the model knows what was really played',
  async () => {
    await using stack = new AsyncDisposableStack();
    const bridge = stack.use(
      await openBridge({
        env: {GREETING: 'off'},
        openai: {
          script: [[{say: {text: 'We are open from nine to five, and on Sundays we are closed.', audioMs: 12_000}}]],
        },
      }),
    );
    const data = stack.use(await dataFolder());
    const analytics = stack.use(
      await runAnalytics({
        REDIS_URL: bridge.redisUrl,
        DATA_DIR: data.path,
        BROWSER_PHONE: 'on',
        PUBLIC_WEBHOOK_URL: `http://127.0.0.1:${bridge.webhook.port}`,
        TWILIO_AUTH_TOKEN: AUTH_TOKEN,
      }),
    );
    const browser = await browserWithVoice(stack);
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on('pageerror', error => complaints.push(error.message));
    await page.goto(`${analytics.url}/phone.html`);
    await page.getByRole('button', {name: 'Call', exact: true}).click();
    await page.getByText('Connected: speak.').waitFor();
    // The microphone begins its question again while the answer to the one before it is spoken.
    expect(await page.getByRole('button', {name: 'Kill the worker'}).isVisible()).toBe(false);
    const interruptions = page.locator('#figures div', {hasText: 'Interruptions'}).locator('dd');
    await interruptions.getByText(/^[1-9]/).waitFor({timeout: 60_000});
    const heardMs = await page.locator('#lanes').getAttribute('data-heard-ms');
    await page.getByRole('button', {name: 'Hang up'}).click();
    await page.getByRole('link', {name: 'Look at the call'}).waitFor();
    expect(complaints).toEqual([]);
    const marked = await until(
      async () => (await (await fetch(`${analytics.url}/api/calls?via=browser`)).json()) as {calls: unknown[]},
      ({calls}) => calls.length > 0,
    );
    expect(marked).toMatchObject({calls: [{via: 'browser', direction: 'inbound'}]});
    // All that was played up to a cut, of however many answers, is all that the model knows it was heard. The microphone
    // may have cut another answer since the page was read.
    const answers = bridge.openai.sessions.flatMap(({items}) => items).filter(({tag}) => tag !== undefined);
    const knownAtCuts = answers.flatMap(({truncatedAtMs}, cut) => {
      const before = answers.slice(0, cut).reduce((sum, each) => sum + (each.truncatedAtMs ?? each.audioMs), 0);
      return truncatedAtMs === undefined ? [] : [before + truncatedAtMs];
    });
    const errors = knownAtCuts.map(known => Math.abs(known - Number(heardMs)));
    expect(Math.min(...errors), `heard ${heardMs}, known ${knownAtCuts.join(', ')}`).toBeLessThan(100);
  },
);

test.skipIf(!there)(
  'who runs npm run talk sees the words as they come, kills the worker and the edge of the call, and goes on talking',
  async () => {
    await using stack = new AsyncDisposableStack();
    const data = stack.use(await dataFolder());
    const ports = await Promise.all(['WEBHOOK', 'EDGE', 'WORKER', 'ANALYTICS'].map(freePort));
    const [WEBHOOK_PORT, EDGE_PORT, WORKER_PORT, ANALYTICS_PORT] = ports.map(String) as [
      string,
      string,
      string,
      string,
    ];
    const talk = runCommand(['talk'], {
      WEBHOOK_PORT,
      EDGE_PORT,
      WORKER_PORT,
      ANALYTICS_PORT,
      OPENAI_API_KEY: '',
      DOTENV_CONFIG_PATH: devNull,
      DATA_DIR: data.path,
      ASSISTANTS_DIR: join(data.path, 'none'),
      DRAIN_SECONDS: '1',
    });
    stack.defer(async () => {
      talk.ctrlC();
      await talk.exitCode;
    });
    await expect.poll(() => talk.output(), {timeout: 120_000}).toContain('and press Call');
    const [address = ''] = /http:\S+phone\.html/.exec(talk.output()) ?? [];
    const page = await (await browserWithVoice(stack)).newPage();
    const complaints: string[] = [];
    page.on('pageerror', error => complaints.push(error.message));
    await page.goto(address);
    await page.getByRole('button', {name: 'Call', exact: true}).click();
    const carried = page.locator('#carried');
    const newest = page.locator('#turns tbody tr').first().locator('td').first();
    /** The number of a turn that begins after now and has its answer. */
    const anotherTurn = async () => {
      const before = Number((await newest.count()) > 0 ? await newest.textContent() : -1);
      await expect.poll(async () => Number(await newest.textContent()), {timeout: 60_000}).toBeGreaterThan(before);
    };
    await anotherTurn();
    for (const what of ['worker', 'edge'] as const) {
      const [before] = new RegExp(`${what}-\\w+`).exec((await carried.textContent()) ?? '') ?? [];
      expect(before).toBeDefined();
      await page.getByRole('button', {name: `Kill the ${what}`}).click();
      await expect
        .poll(() => carried.textContent(), {timeout: 60_000})
        .toMatch(new RegExp(`(?!${before})${what}-\\w+`));
      await expect.poll(() => talk.output()).toContain(`was killed by the page of the phone`);
      await anotherTurn();
    }
    expect(await page.locator('#words li.assistant').count()).toBeGreaterThan(0);
    expect(await page.locator('#words li.caller').count()).toBeGreaterThan(0);
    await page.getByRole('button', {name: 'Hang up'}).click();
    await page.getByRole('link', {name: 'Look at the call'}).waitFor();
    expect(complaints).toEqual([]);
  },
);

test('a page of another site, a program that may not make calls, and a ticket that was used open no phone', async () => {
  await using stack = new AsyncDisposableStack();
  const data = stack.use(await dataFolder());
  const redis = stack.adopt(await ownRedis(), each => each.close());
  const reader = newApiToken('reader', ['read']);
  const analytics = stack.use(
    await runAnalytics({
      REDIS_URL: redis.url,
      DATA_DIR: data.path,
      BROWSER_PHONE: 'on',
      PUBLIC_WEBHOOK_URL: 'http://127.0.0.1:1',
      API_TOKENS: reader.entry,
    }),
  );
  const dial = async (origin: string, more = {}) => {
    const headers = {origin, 'content-type': 'application/json', ...more};
    return await fetch(`${analytics.url}/api/phone`, {method: 'POST', headers, body: '{}'});
  };
  expect((await dial('https://evil.example')).status).toBe(403);
  expect((await dial(analytics.url, {authorization: `Bearer ${reader.token}`})).status).toBe(403);
  const {ticket} = (await (await dial(analytics.url)).json()) as {ticket: string};
  const open = (origin: string) =>
    new Promise<string>(resolve => {
      const socket = new WebSocket(`${analytics.url.replace('http', 'ws')}/phone/${ticket}`, {origin});
      socket.on('error', error => resolve(error.message));
      socket.on('message', data => resolve(Buffer.isBuffer(data) ? data.toString() : 'no text'));
    });
  expect(await open('https://evil.example')).toContain('403');
  expect(await open(analytics.url)).toContain('the webhook does not answer');
  expect(await open(analytics.url)).toContain('404');
});
