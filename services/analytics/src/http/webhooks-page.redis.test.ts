import {createServer} from 'node:http';
import {openAnalyticsQueue} from '@voicebridge/shared/cdr/analytics-queue.ts';
import {portOf} from '@voicebridge/shared/service/http.ts';
import type {Browser} from 'playwright-core';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {provideRedis, type ProvidedRedis} from '../../../../tools/local-stack/redis/local-redis.ts';
import {type Database, openEmbedded} from '../database/database.ts';
import {axeFindings, CHROMIUM, fitsThePage, hasChromium, launchBrowser, visitPage, WIDTHS} from '../testing/browser.ts';
import {finishedCall, sidOf} from '../testing/finished-call.ts';
import {dataFolder, runAnalytics} from '../testing/running-analytics.ts';

const PASSWORD = 'correct horse battery';
const HOUR = 3_600_000;

/** A system that is told of calls: it wants nothing of them until `status` says otherwise. */
async function startReceiver() {
  const state = {status: 410, told: [] as string[]};
  const server = createServer((request, response) => {
    state.told.push(String(request.headers['webhook-id']));
    request.resume().on('end', () => response.writeHead(state.status).end());
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(state, {
    url: `http://127.0.0.1:${portOf(server)}/calls`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>(resolve => server.close(() => resolve()));
    },
  });
}

/** More webhooks that were given up than a page of the list holds, and one that waits. */
async function seedWebhooks({kysely}: Database) {
  const target = {
    post: 'https://crm.example.com/calls?token=opensesame',
    secret: 'CRM',
    include: [],
    allowPrivate: false,
  };
  const rows = Array.from({length: 61}, (_, index) => ({
    id: `call.${sidOf(5_000 + index)}`,
    subject: sidOf(5_000 + index),
    seq: 0,
    type: 'call.finished',
    target: JSON.stringify(target),
    state: index === 60 ? ('waiting' as const) : ('failed' as const),
    attempts: 75,
    lastError: 'the receiver answered with status 500',
    createdAt: new Date(Date.now() - HOUR - index * 60_000),
    dueAt: new Date(Date.now() + HOUR),
    giveUpAt: new Date(Date.now() + 72 * HOUR),
    settledAt: index === 60 ? null : new Date(),
  }));
  await kysely.insertInto('deliveries').values(rows).execute();
}

describe.skipIf(!hasChromium)(`the page of webhooks (needs ${CHROMIUM})`, () => {
  const ends = new AsyncDisposableStack();
  let redis: ProvidedRedis;
  let browser: Browser;
  let receiver: Awaited<ReturnType<typeof startReceiver>>;
  let url: string;

  beforeAll(async () => {
    redis = await provideRedis({kind: process.env['VOICEBRIDGE_REDIS'], log: () => {}});
    ends.defer(() => redis.close());
    receiver = ends.use(await startReceiver());
    const folder = ends.use(await dataFolder());
    {
      await using database = await openEmbedded(folder.path);
      await database.prepare();
      await seedWebhooks(database);
    }
    const env = {AFTER_URL: receiver.url, AFTER_SECRET: 'a secret of a receiver', DASHBOARD_PASSWORD: PASSWORD};
    ({url} = ends.use(await runAnalytics({REDIS_URL: redis.url, DATA_DIR: folder.path, ...env})));
    browser = await launchBrowser();
    ends.defer(() => browser.close());
  });
  afterAll(() => ends.disposeAsync());

  async function visit(question: string) {
    const visited = await visitPage(browser, `${url}/?view=webhooks${question}`);
    const {page} = visited;
    await page.getByLabel('Password').fill(PASSWORD);
    await page.keyboard.press('Enter');
    await page.locator('.card .segments').waitFor();
    return visited;
  }

  test('an operator pages through the webhooks that were given up, reads why, and finds those of a call', async () => {
    await using visited = await visit('');
    const {page, complaints} = visited;
    const rows = page.locator('tbody tr');
    expect(await rows.count()).toBe(50);
    expect(await rows.first().textContent()).toContain('the receiver answered with status 500');
    // Its path and question may hold secrets.
    expect(await rows.first().textContent()).not.toContain('opensesame');
    await page.getByRole('button', {name: 'Show more'}).click();
    await expect.poll(() => rows.count()).toBe(60);
    expect(await page.getByRole('button', {name: 'Show more'}).count()).toBe(0);
    await page.getByLabel('About the call').fill(sidOf(5_007));
    await page.getByRole('button', {name: 'Find', exact: true}).click();
    await expect.poll(() => rows.count()).toBe(1);
    await page.getByRole('button', {name: 'Waiting 1'}).click();
    await page.getByText(`No webhook about ${sidOf(5_007)} is here.`).waitFor();
    expect(complaints).toEqual([]);
  });

  test('an operator reads all of it without scrolling on a small laptop, and a reader who cannot see finds nothing in the way', async () => {
    await using visited = await visit('');
    const {page} = visited;
    await page.setViewportSize({width: 1_024, height: 900});
    const list = page.locator('.scroll');
    expect(await list.evaluate(element => element.scrollWidth - element.clientWidth)).toBe(0);
    for (const width of WIDTHS) {
      await page.setViewportSize({width, height: 900});
      expect(await fitsThePage(page), String(width)).toBe(true);
    }
    expect(await axeFindings(page, [390])).toEqual([]);
  });

  test('an operator sends a webhook again that was given up, and sees that it was delivered', async () => {
    const {hostname, port} = new URL(redis.url);
    {
      await using queue = openAnalyticsQueue({host: hostname, port: Number(port), db: 0});
      await queue.send([finishedCall({number: 9})]);
    }
    await using visited = await visit(`&hook=${sidOf(9)}`);
    const {page, complaints} = visited;
    const answer = async () => await (await page.request.get(`${url}/api/deliveries?subject=${sidOf(9)}`)).text();
    await expect.poll(answer, {timeout: 30_000}).toContain('status 410');
    await page.reload();
    const row = page.locator('tbody tr');
    await row.waitFor();
    expect(await row.textContent()).toContain('the receiver answered with status 410');
    receiver.status = 200;
    receiver.told.splice(0);
    await row.getByRole('button', {name: 'Send again'}).click();
    await page.getByText('On its way').waitFor();
    await expect.poll(() => receiver.told, {timeout: 30_000}).toEqual([`call.${sidOf(9)}`]);
    await page.getByRole('button', {name: 'Delivered'}).click();
    await page.getByRole('button', {name: 'Delivered 1'}).waitFor();
    await row.getByRole('link', {name: sidOf(9)}).click();
    await page.getByRole('heading', {name: 'Call', exact: true}).waitFor();
    expect(complaints).toEqual([]);
  });
});
