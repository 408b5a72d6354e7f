import {readFile} from 'node:fs/promises';
import {pathToFileURL} from 'node:url';
import {openAnalyticsQueue} from '@voicebridge/shared/cdr/analytics-queue.ts';
import {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {chunkKey} from '@voicebridge/shared/recordings/chunk-key.ts';
import {FolderStore} from '@voicebridge/shared/recordings/folder-store.ts';
import type {Browser, BrowserContext, Page} from 'playwright-core';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {parse} from 'yaml';
import {readRehearsal} from '../../../../scripts/rehearse/call-file.ts';
import {provideRedis, type ProvidedRedis} from '../../../../tools/local-stack/redis/local-redis.ts';
import {axeFindings, CHROMIUM, fitsThePage, hasChromium, launchBrowser, visitPage, WIDTHS} from '../testing/browser.ts';
import {finishedCall, sidOf, turnOfTest} from '../testing/finished-call.ts';
import {dataFolder, runAnalytics, until} from '../testing/running-analytics.ts';

const PASSWORD = 'correct horse battery';
const HOUR = 3_600_000;
const [WORKER, EDGE] = ['worker-4f1c09a7d2e3', 'edge-2a70c9f3b1d6'];
const HOSTILE = '<img src=x onerror="document.title=`owned`">';
const LONG = 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft';
const LINES = ['مرحبا، أريد حجز طاولة لأربعة أشخاص', '今夜四名でテーブルを予約したいのですが', HOSTILE, LONG.repeat(4)];

/** Tools that the model asked for at the same time, and one right behind them. */
const TOOLS = ['find_table', 'opening_hours', 'parking', 'book_table_for_a_caller_who_waits', 'weather_at'];

/** A call with all that the page can draw. */
function wholeCall() {
  const toolCalls = TOOLS.map((name, call) => ({
    call,
    turn: 1,
    name,
    at: 6_500 + (call > 2 ? call * 150 : 0),
    durationMs: 200,
    ok: call !== 1,
    outcome: call === 1 ? ('late' as const) : ('ok' as const),
    arguments: `{"${name}": "${HOSTILE}"}`,
    result: LONG,
  }));
  const transcript = LINES.flatMap((text, index) => [
    {line: index * 2, turn: index + 1, role: 'caller', at: 5_000 + index * 5_000, text, cut: false},
    {
      line: index * 2 + 1,
      turn: index + 1,
      role: 'assistant',
      at: 7_000 + index * 5_000,
      text: 'Yes, gladly.',
      cut: true,
    },
  ]);
  return finishedCall({
    number: 2,
    startedAt: Date.now() - 2 * HOUR,
    turns: [0, 1, 2, 3, 4].map(turn => turnOfTest(turn, {worker: WORKER})),
    summary: {
      worker: WORKER,
      edge: EDGE,
      assistant: LONG.slice(0, 60),
      recordedFromMs: 0,
      toolCalls: TOOLS.length,
      failovers: 1,
      notes: {wish: HOSTILE, address: LONG.repeat(3)},
      outcome: {booked: true},
    },
    rest: {
      toolCalls,
      transcript,
      failovers: [{failover: 0, kind: 'worker-lost', at: 12_000, gapMs: 300, from: WORKER, to: WORKER}],
    },
  });
}

describe.skipIf(!hasChromium)(`the page of a call (needs ${CHROMIUM})`, () => {
  const ends = new AsyncDisposableStack();
  let redis: ProvidedRedis;
  let browser: Browser;
  let url: string;
  let signedIn: Awaited<ReturnType<BrowserContext['storageState']>>;

  beforeAll(async () => {
    redis = await provideRedis({kind: process.env['VOICEBRIDGE_REDIS'], log: () => {}});
    ends.defer(() => redis.close());
    const folder = ends.use(await dataFolder());
    const loud = Buffer.alloc(30_000 * 16, 0x20);
    await new FolderStore(folder.path).put(chunkKey(CallSid.parse(sidOf(2)), 0, 1), loud);
    ({url} = ends.use(
      await runAnalytics({
        REDIS_URL: redis.url,
        DATA_DIR: folder.path,
        DASHBOARD_PASSWORD: PASSWORD,
        RECORDINGS_URL: pathToFileURL(folder.path).href,
      }),
    ));
    const {hostname, port} = new URL(redis.url);
    await using queue = openAnalyticsQueue({host: hostname, port: Number(port), db: 0});
    await queue.send([
      finishedCall({number: 1, startedAt: Date.now() - 3 * HOUR}),
      wholeCall(),
      finishedCall({number: 3, startedAt: Date.now() - HOUR}),
    ]);
    browser = await launchBrowser();
    ends.defer(() => browser.close());
    await using visited = await visitPage(browser, url);
    const {page} = visited;
    await page.getByLabel('Password').fill(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByRole('button', {name: 'Sign out'}).waitFor();
    signedIn = await page.context().storageState();
    const recorded = async () => await (await page.request.get(`${url}/api/calls/${sidOf(2)}`)).text();
    await until(recorded, text => /"recording":\{"state":"(kept|partial)"/.test(text));
  });
  afterAll(() => ends.disposeAsync());

  /** The page of the call, for somebody who is signed in. */
  async function look() {
    const visited = await visitPage(browser, `${url}/?view=calls&call=${sidOf(2)}`, {
      storageState: signedIn,
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    await visited.page.locator('audio').waitFor();
    return visited;
  }
  const attribute = async (page: Page, selector: string, name: string) =>
    Number(await page.locator(selector).getAttribute(name));
  const player = (page: Page) =>
    page.evaluate<{at: number; paused: boolean}>(
      `(({currentTime, paused}) => ({at: currentTime, paused}))(document.querySelector('audio'))`,
    );

  test('an analyst uses each key that the help of the lanes lists', async () => {
    await using visited = await look();
    const {page, complaints} = visited;
    const width = () => attribute(page, '.lanes svg', 'width');
    const cursor = () => attribute(page, '.lanes .cursor', 'x1');
    const lanes = page.locator('.lanes');
    const [whole, {width: room}] = [await width(), (await lanes.boundingBox())!];
    expect(whole).toBeLessThanOrEqual(room);
    await lanes.focus();
    await page.keyboard.press('+');
    await page.keyboard.press('=');
    const near = await width();
    expect(near).toBeGreaterThan(whole * 1.5);
    // What the browser has its own use for stays its own.
    await page.keyboard.press('Control+Minus');
    expect(await width()).toBe(near);
    await page.keyboard.press('-');
    expect(await width()).toBeLessThan(near);
    await page.keyboard.press('+');
    const left = () => lanes.evaluate(element => element.scrollLeft);
    const before = await left();
    await page.keyboard.press('ArrowRight');
    await expect.poll(left).toBeGreaterThan(before);
    await page.keyboard.press('0');
    expect(await width()).toBeCloseTo(whole, 0);
    // From word to word; each plays from there.
    await page.keyboard.press('.');
    const first = await cursor();
    expect(first).toBeGreaterThan(0);
    await expect.poll(async () => (await player(page)).paused).toBe(false);
    await page.keyboard.press(' ');
    await expect.poll(async () => (await player(page)).paused).toBe(true);
    await page.keyboard.press('.');
    expect(await cursor()).toBeGreaterThan(first);
    await page.keyboard.press(' ');
    await page.keyboard.press(',');
    await page.keyboard.press(',');
    await expect.poll(cursor).toBeLessThanOrEqual(first);
    await page.keyboard.press('L');
    const copied = new URL(await page.evaluate<string>('navigator.clipboard.readText()')).searchParams;
    expect(copied.get('call')).toBe(sidOf(2));
    expect(Number(copied.get('at'))).toBeGreaterThan(0);
    // The newer call and back, and the keys go on working there.
    const shown = () => new URL(page.url()).searchParams.get('call');
    const isFocused = () => page.evaluate<boolean>(`document.activeElement.matches('.lanes')`);
    await page.locator('.neighbours .newer').waitFor();
    await page.keyboard.press('[');
    expect(shown()).toBe(sidOf(3));
    await expect.poll(isFocused).toBe(true);
    await page.locator('.neighbours .older').waitFor();
    await page.keyboard.press(']');
    expect(shown()).toBe(sidOf(2));
    await expect.poll(isFocused).toBe(true);
    await page.locator('.neighbours .older').waitFor();
    await page.keyboard.press(']');
    expect(shown()).toBe(sidOf(1));
    expect(complaints).toEqual([]);
  });

  test('names of tools do not lie on each other, and a worker’s and an edge’s name is read in one line, at each width', async () => {
    await using visited = await look();
    const {page, complaints} = visited;
    for (const width of WIDTHS) {
      await page.setViewportSize({width, height: 900});
      await page.reload();
      await page.locator('.lanes svg').waitFor();
      for (const zoom of ['0', '+', '+', '+']) {
        await page.locator('.lanes').focus();
        await page.keyboard.press(zoom);
        const labels = page.locator('.lanes svg text:not(.word):not(.words-line)');
        const boxes = await labels.evaluateAll(all =>
          all.map(each => ({...each.getBoundingClientRect().toJSON(), text: each.textContent})),
        );
        const lying = boxes.flatMap((one, index) =>
          boxes
            .slice(index + 1)
            .filter(two => one.x < two.right && two.x < one.right && one.y < two.bottom - 2 && two.y < one.bottom - 2)
            .map(two => `${one.text} / ${two.text}`),
        );
        expect(lying, `${width} ${zoom}`).toEqual([]);
      }
      const ids = await page.locator('.facts .id').evaluateAll(all =>
        all.map(each => ({
          text: each.textContent,
          lines: Math.round((each.parentElement?.clientHeight ?? 0) / 20),
          isCut: each.scrollWidth > each.clientWidth,
        })),
      );
      expect(ids, String(width)).toEqual([WORKER, EDGE].map(text => ({text, lines: 1, isCut: false})));
      expect(await fitsThePage(page), String(width)).toBe(true);
    }
    expect(await page.locator('.lanes').textContent()).toContain('find_table, opening_hours, parking');
    // Whatever somebody said or was named is text.
    expect(await page.title()).toBe('Call · Voicebridge');
    for (const text of LINES) expect(await page.locator('.words').textContent()).toContain(text);
    expect(complaints).toEqual([]);
  });

  test('“Copied” stands there long enough to be read, also while the recording plays', async () => {
    await using visited = await look();
    const {page} = visited;
    await page.locator('.lanes').focus();
    await page.keyboard.press('.');
    await expect.poll(async () => (await player(page)).paused).toBe(false);
    const {at} = await player(page);
    await page.getByRole('button', {name: 'Copy link to this moment'}).click();
    await expect.poll(async () => (await player(page)).at).toBeGreaterThan(at + 0.5);
    expect(await page.locator('.copy-link').textContent()).toBe('Copied');
    await page.getByRole('button', {name: 'Copy link to this moment'}).waitFor();
  });

  test('“Make a test of this call” downloads a file that npm run rehearse takes', async () => {
    await using visited = await look();
    const {page, complaints} = visited;
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', {name: 'Make a test of this call'}).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/\.call\.yaml$/);
    const read = readRehearsal(parse(await readFile(await download.path(), 'utf8')));
    expect(read).toMatchObject({ok: true});
    expect(JSON.stringify(read)).toContain(LINES[1]);
    expect(complaints).toEqual([]);
  });

  test('a reader who cannot see finds nothing in the way on it, and in what it asks before it deletes', async () => {
    await using visited = await look();
    const {page} = visited;
    const found = await axeFindings(page);
    await page.getByRole('button', {name: 'Delete'}).click();
    await page.getByRole('dialog').waitFor();
    found.push(...(await axeFindings(page, [390])));
    expect(found).toEqual([]);
  });

  test('nor in the audit, where who is signed in reads who did what, and follows it to the call', async () => {
    await using visited = await look();
    const {page, complaints} = visited;
    await page.getByRole('link', {name: 'Audit', exact: true}).click();
    const reading = page.locator('tbody tr', {hasText: 'read what was said'}).first();
    await reading.waitFor();
    expect(await reading.textContent()).toMatch(/session \w+.*127\.0\.0\.1/);
    const found = await axeFindings(page);
    expect(await fitsThePage(page)).toBe(true);
    await reading.getByRole('link').click();
    await page.locator('.lanes svg').waitFor();
    expect(found).toEqual([]);
    expect(complaints).toEqual([]);
  });

  /** The same call as if it went on: the API says so, with what its worker would tell. */
  async function goesOn(page: Page) {
    const detail: unknown = await (await page.request.get(`${url}/api/calls/${sidOf(2)}`)).json();
    const active = {
      callSid: sidOf(2),
      startedAt: Date.now() - 60_000,
      assistant: LONG.slice(0, 60),
      direction: 'inbound',
      callerLastTwo: '12',
      edge: EDGE,
      speaks: 'caller',
      turns: 4,
      turnGapMs: 420,
      interruptions: 1,
      worker: WORKER,
    };
    const events = `event: active\ndata: ${JSON.stringify({calls: [active], silent: ['worker-of-an-older-version']})}\n\n`;
    await page.route('**/api/live', route => route.fulfill({contentType: 'text/event-stream', body: events}));
    const at = (path: string) => new RegExp(`/api/${path.replace('SID', sidOf(2))}\\??$`);
    await page.route(at('calls/SID'), route => route.fulfill({status: 404, json: {detail: 'there is no such call'}}));
    await page.route(at('active/SID'), route => route.fulfill({json: detail}));
    const refused = {detail: 'nobody may be transferred there', cure: 'name it in TRANSFER_ALLOW'};
    await page.route(at('active/SID/transfer'), route =>
      route.fulfill(
        route.request().method() === 'GET'
          ? {json: {allowed: ['+4755*', 'queue:support']}}
          : {status: 403, json: refused},
      ),
    );
  }

  test('nor on the page of a call in progress, in the list of such calls, and in what both ask before they act', async () => {
    await using visited = await visitPage(browser, 'about:blank', {storageState: signedIn});
    const {page} = visited;
    await goesOn(page);
    await page.goto(`${url}/?view=calls&call=${sidOf(2)}`);
    await page.getByText('in progress').waitFor();
    const found = await axeFindings(page);
    expect(await fitsThePage(page)).toBe(true);
    for (const name of ['Hang up', 'Transfer']) {
      await page.getByRole('button', {name, exact: true}).click();
      const dialog = page.getByRole('dialog', {name});
      await dialog.waitFor();
      if (name === 'Transfer') {
        await dialog.getByText('Allowed: +4755*, queue:support.').waitFor();
        expect(await dialog.getByLabel('To').inputValue()).toBe('queue:support');
        await dialog.getByRole('button', {name: 'Transfer'}).click();
        await dialog.getByText('nobody may be transferred there').waitFor();
      }
      found.push(...(await axeFindings(page, [1_440, 390])));
      await dialog.getByRole('button', {name: 'Keep'}).click();
    }
    await page.goto(`${url}/?view=live`);
    await page.getByRole('region', {name: 'Calls in progress'}).locator('tbody tr').waitFor();
    found.push(...(await axeFindings(page)));
    expect(await fitsThePage(page)).toBe(true);
    expect(found).toEqual([]);
  });
});
