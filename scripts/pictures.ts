import {existsSync} from 'node:fs';
import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {wholeNumber} from '@voicebridge/shared/config/config.ts';
import {commandLine, toggle} from '@voicebridge/shared/config/command-line.ts';
import {runAnalytics} from '@voicebridge/analytics/testing/running-analytics.ts';
import {chromium, type Browser, type Page} from 'playwright-core';
import {z} from 'zod';
import {provideRedis} from '../tools/local-stack/redis/local-redis.ts';
import {DEMO_DATA_DIR, requireDemoData} from './start/demo-data.ts';

/** Takes the pictures of the README in a real browser: the dashboard with the demo data, light and dark. */
const options = commandLine({
  command: 'npm run pictures --',
  about: 'Takes the pictures of the dashboard for the documentation, from the data of npm run seed-data.',
  options: z.object({
    out: z
      .string()
      .default(fileURLToPath(new URL('../docs/pictures', import.meta.url)))
      .describe('the folder for them'),
    width: wholeNumber({min: 300, max: 4_000}).default(1_440).describe('of the window, in pixels'),
    whole: toggle().describe('pages from top to bottom'),
    data: z.string().default(DEMO_DATA_DIR).describe('the folder of the database; an empty one shows the first day'),
    chromium: z.string().default('/usr/bin/chromium').describe('the browser'),
  }),
});

const SCHEMES = ['light', 'dark'] as const;
const HEIGHT = 1_080;
/** How much of the details is kept, from 0 to 100. */
const QUALITY = 82;
const VIEWS: Readonly<Record<string, string>> = {
  overview: '/?range=7d',
  calls: '/?view=calls&range=7d',
  interruptions: '/?view=interruptions&range=7d',
  live: '/?view=live',
  cost: '/?view=cost&range=7d',
};

if (options.data === DEMO_DATA_DIR) requireDemoData();
else if (!existsSync(options.data)) await mkdir(options.data, {recursive: true});
await mkdir(options.out, {recursive: true});
const redis = await provideRedis({log: () => {}});
{
  await using analytics = await runAnalytics({REDIS_URL: redis.url, DATA_DIR: options.data});
  const browser = await chromium.launch({executablePath: options.chromium, args: ['--no-sandbox', '--disable-gpu']});
  for (const scheme of SCHEMES) {
    for (const [name, path] of Object.entries(VIEWS)) await take(browser, `${name}-${scheme}`, analytics.url + path);
    const call = await callWorthSeeing(analytics.url);
    if (call) await take(browser, `call-${scheme}`, `${analytics.url}/?view=calls&call=${call}`);
  }
  await browser.close();
}
await redis.close();

async function take(browser: Browser, name: string, url: string): Promise<void> {
  const colorScheme = name.endsWith('dark') ? 'dark' : 'light';
  const page = await browser.newPage({viewport: {width: options.width, height: HEIGHT}, colorScheme});
  await page.goto(url);
  await page.locator('.card').first().waitFor();
  await page.locator('[aria-busy]').first().waitFor({state: 'detached'});
  await page.locator('.dot.on').waitFor();
  const file = join(options.out, `${name}.webp`);
  const bytes = await webp(page);
  await writeFile(file, bytes);
  console.log(`${file}  ${(bytes.length / 1_000).toFixed(0)} kB`);
  await page.close();
}

async function webp(page: Page): Promise<Buffer> {
  const session = await page.context().newCDPSession(page);
  const height = await page.evaluate<number>('document.documentElement.scrollHeight');
  const clip = {x: 0, y: 0, width: options.width, height: options.whole ? height : HEIGHT, scale: 1};
  const shot = {format: 'webp', quality: QUALITY, captureBeyondViewport: options.whole, clip} as const;
  const {data} = await session.send('Page.captureScreenshot', shot);
  return Buffer.from(data, 'base64');
}

/** A call with an interruption, a tool and another worker, if there is one; else one with an interruption. */
async function callWorthSeeing(url: string): Promise<string | undefined> {
  const answer = await fetch(`${url}/api/calls?limit=500&interrupted=yes`);
  const {calls} = (await answer.json()) as {
    readonly calls?: readonly {
      readonly callSid: string;
      readonly failovers: number;
      readonly toolCalls: number;
      readonly durationMs: number;
    }[];
  };
  const inOrder = (calls ?? []).toSorted((a, b) => b.failovers - a.failovers || b.toolCalls - a.toolCalls);
  return inOrder.find(({durationMs}) => durationMs < 60_000)?.callSid;
}
