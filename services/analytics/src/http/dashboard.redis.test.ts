import {pathToFileURL} from 'node:url';
import {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {chunkKey} from '@voicebridge/shared/recordings/chunk-key.ts';
import {FolderStore} from '@voicebridge/shared/recordings/folder-store.ts';
import {openAnalyticsQueue} from '@voicebridge/shared/cdr/analytics-queue.ts';
import {provideRedis, type ProvidedRedis} from '../../../../tools/local-stack/redis/local-redis.ts';
import type {Browser, Page} from 'playwright-core';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {seedDatabase} from '../../../../scripts/seed-data/seed-database.ts';
import {openEmbedded} from '../database/database.ts';
import {axeFindings, CHROMIUM, fitsThePage, hasChromium, launchBrowser, visitPage} from '../testing/browser.ts';
import {sweep} from '../ingest/retention.ts';
import {storeCall} from '../ingest/store-call.ts';
import {finishedCall, sidOf} from '../testing/finished-call.ts';
import {runAnalytics, dataFolder} from '../testing/running-analytics.ts';

const DAY = 86_400_000;
const PASSWORD = 'correct horse battery';
const HOSTILE = '<img src=x onerror="document.title=`owned`">';

describe.skipIf(!hasChromium)(`the dashboard (needs ${CHROMIUM})`, () => {
  const ends = new AsyncDisposableStack();
  let redis: ProvidedRedis;
  let browser: Browser;
  let open: Awaited<ReturnType<typeof runAnalytics>>;
  let closed: Awaited<ReturnType<typeof runAnalytics>>;

  beforeAll(async () => {
    redis = await provideRedis({kind: process.env['VOICEBRIDGE_REDIS'], log: () => {}});
    ends.defer(() => redis.close());
    const [first, second] = [ends.use(await dataFolder()), ends.use(await dataFolder())];
    {
      await using database = await openEmbedded(first.path);
      await seedDatabase(database, {turns: 2_000, simulated: 6, days: 5, until: Date.now(), seed: 7, words: true});
      const startedAt = Date.now() - 100 * DAY;
      await storeCall(database.kysely, finishedCall({number: 90, startedAt}));
      await sweep(database.kysely, {calls: 0, turns: 90, transcripts: 0, recordings: 0}, Date.now());
    }
    open = ends.use(await runAnalytics({REDIS_URL: redis.url, DATA_DIR: first.path}));
    closed = ends.use(
      await runAnalytics({
        REDIS_URL: `${redis.url}/1`,
        DATA_DIR: second.path,
        DASHBOARD_PASSWORD: PASSWORD,
        RECORDINGS_URL: pathToFileURL(second.path).href,
      }),
    );
    // The caller is loud for the first half of the call, the assistant for the second.
    const stereo = Buffer.from(
      Array.from({length: 30_000 * 16}, (_, at) => ((at % 2 === 0) === at < 240_000 ? 0x20 : 0xff)),
    );
    await new FolderStore(second.path).put(chunkKey(CallSid.parse(sidOf(3)), 0, 1), stereo);
    browser = await launchBrowser();
    ends.defer(() => browser.close());
  }, 300_000);
  afterAll(() => ends.disposeAsync());

  async function send(db: number, ...calls: Parameters<ReturnType<typeof openAnalyticsQueue>['send']>[0]) {
    const {hostname, port} = new URL(redis.url);
    await using queue = openAnalyticsQueue({host: hostname, port: Number(port), db});
    await queue.send(calls);
  }

  /** Sends a call, and waits until the dashboard has it. */
  async function stored(call: ReturnType<typeof finishedCall>) {
    await send(0, call);
    const known = async () => (await fetch(`${open.url}/api/calls/${call.summary.callSid}`)).status;
    await expect.poll(known, {timeout: 20_000}).toBe(200);
  }

  const visit = (url: string, colorScheme: 'light' | 'dark' = 'light', width = 1_280) =>
    visitPage(browser, url, {viewport: {width, height: 900}, colorScheme});
  const drawn = async (page: Page) => {
    await page.locator('.card').first().waitFor();
    await page.locator('[aria-busy]').first().waitFor({state: 'detached'});
  };

  test.each([
    ['light', 1_280],
    ['dark', 420],
  ] as const)(
    'an analyst sees every view drawn, in the %s theme and %i pixels wide, and nothing runs off the page',
    async (scheme, width) => {
      for (const view of ['overview', 'live', 'interruptions', 'cost', 'calls', 'webhooks']) {
        await using visit_ = await visit(`${open.url}/?view=${view}`, scheme, width);
        const {page, complaints} = visit_;
        await page.locator('.card').first().waitFor();
        await drawn(page);
        expect(complaints).toEqual([]);
        expect(await page.locator('.problem:not(:empty)').count()).toBe(0);
        if (!['calls', 'live', 'webhooks'].includes(view))
          expect(await page.locator('canvas').count()).toBeGreaterThan(0);
        expect(await fitsThePage(page)).toBe(true);
      }
    },
  );

  test('an analyst who looks at more time than turns are kept is told from when on there are figures, on the page and in files', async () => {
    const [lack, none] = ['Older figures have been deleted: these begin on', 'There is no comparison'];
    await using visited = await visit(`${open.url}/?range=1y`);
    const {page, complaints} = visited;
    await drawn(page);
    const cardOf = (name: string) => page.getByRole('region', {name, exact: true});
    await cardOf('Platform turn gap').getByText(lack).waitFor();
    await cardOf('By worker').getByText(lack).waitFor();
    expect(await cardOf('Calls').getByText(lack).count()).toBe(0);
    // 90 days are all there, and the 90 days before are not.
    await page.goto(`${open.url}/?range=90d&compare=previous`);
    await drawn(page);
    await cardOf('Platform turn gap').getByText(`${none}: not all figures of the 90 days before are kept.`).waitFor();
    expect(await page.getByText(lack).count()).toBe(0);
    expect(await cardOf('Calls').getByText(none).count()).toBe(0);
    await page.goto(`${open.url}/?range=30d&compare=previous`);
    await drawn(page);
    expect(await page.locator('.said', {hasText: /./}).count()).toBe(0);
    await page.goto(`${open.url}/?view=calls&call=${sidOf(90)}`);
    await page.getByText('Of calls as old as this one, turns have been deleted.').waitFor();
    expect(complaints).toEqual([]);
    const from = Date.now() - 99 * DAY;
    const headerOf = async (path: string) => (await fetch(`${open.url}${path}`)).headers.get('missing-before');
    for (const file of [
      `turns.csv?from=${from}`,
      'calls.jsonl',
      'metrics.csv?metric=t_stop',
      'calls.csv?has=t_stop:1:',
    ])
      expect([file, Date.parse((await headerOf(`/api/${file}`)) ?? '') > from]).toEqual([file, true]);
    for (const file of [
      `turns.csv?from=${Date.now() - 80 * DAY}`,
      'calls.csv',
      'metrics.csv?metric=calls',
      'concurrency.csv?bucket=week',
    ])
      expect([file, await headerOf(`/api/${file}`)]).toEqual([file, null]);
  });

  test('who looks at demo data is told so on every page, and who looks at real calls is not', async () => {
    for (const view of ['overview', 'calls', 'live']) {
      await using visited = await visit(`${open.url}/?view=${view}`);
      await visited.page.getByText('Demo data, made by simulated calls').waitFor();
    }
    await using real = await visit(closed.url);
    await real.page.getByLabel('Password').waitFor();
    expect(await real.page.locator('#demo').isVisible()).toBe(false);
  });

  test('demo data asks nobody to do something: no fleet belongs to it, and its mishaps are made', async () => {
    await using visited = await visit(`${open.url}/?view=live`);
    const alerts = visited.page.getByRole('region', {name: 'Alerts'});
    await alerts.getByText('Demo data is in a database of its own.').waitFor();
    expect(await alerts.locator('.pill').count()).toBe(0);
  });

  test('a filter is part of the address, so that a colleague who opens it sees the same', async () => {
    await using visited = await visit(open.url);
    const {page} = visited;
    await page.locator('select[name=assistant]').selectOption('reception');
    await page.getByRole('button', {name: '24 hours'}).click();
    await page.locator('select[name=compare]').selectOption('previous');
    expect(new URL(page.url()).search).toBe('?range=24h&assistant=reception&compare=previous');
    await using colleague = await visit(page.url());
    expect(await colleague.page.locator('select[name=assistant]').inputValue()).toBe('reception');
    await colleague.page.locator('.compared').waitFor();
    await page.goBack();
    expect(await page.locator('select[name=compare]').inputValue()).toBe('');
  });

  test('an analyst compares an assistant with another version of it, and reads what came of each tool of a call', async () => {
    const another = {assistant: 'reception', assistantVersion: '0123456789abcdef'};
    await stored(finishedCall({number: 4, startedAt: Date.now() - 3_600_000, summary: another}));
    await using visited = await visit(`${open.url}/?assistant=reception`);
    const {page, complaints} = visited;
    await page.locator('select[name=version]').waitFor();
    const versions = page.locator('select[name=version] option');
    expect(await versions.count()).toBeGreaterThan(1);
    const version = (await versions.nth(1).getAttribute('value')) ?? '';
    await page.locator('select[name=compare]').selectOption(`version:${version}`);
    expect(await page.locator('.compared').textContent()).toContain(`compared with ${version.slice(0, 7)}`);
    const toolCalls = [{call: 0, turn: 1, name: 'find_table', at: 2_000, durationMs: 900, ok: false, outcome: 'late'}];
    await stored(finishedCall({number: 3, startedAt: Date.now(), summary: {toolCalls: 1}, rest: {toolCalls}}));
    await page.goto(`${open.url}/?view=calls&call=${sidOf(3)}`);
    await page.locator('td', {hasText: 'late'}).waitFor();
    expect(complaints).toEqual([]);
  });

  test('an analyst lists the calls that we made, and reads what answered one and when it heard that a machine speaks', async () => {
    const heard = {heardAt: 3_200, by: 'mark', verbatim: true};
    const made = {direction: 'outbound', assistant: 'reminder', answeredBy: 'machine_end_beep', disclosure: heard};
    const cut = {...made, answeredBy: null, disclosure: {heardAt: null, by: null, verbatim: null}};
    await send(0, finishedCall({number: 4, startedAt: Date.now(), summary: made}));
    await send(0, finishedCall({number: 5, startedAt: Date.now(), summary: cut}));
    const stored = async () => (await fetch(`${open.url}/api/calls/${sidOf(5)}`)).status;
    await expect.poll(stored, {timeout: 20_000}).toBe(200);
    await using visited = await visit(`${open.url}/?view=calls&assistant=reminder`);
    const {page, complaints} = visited;
    await page.locator('select[name=direction]').selectOption('inbound');
    await page.getByText('No call matches.').waitFor();
    await page.locator('select[name=direction]').selectOption('outbound');
    await expect.poll(() => page.locator('tr.opens').count()).toBe(2);
    const factsOf = async (number: number) => {
      await page.goto(`${open.url}/?view=calls&call=${sidOf(number)}`);
      await page.locator('.facts').waitFor();
      const texts = await page.locator('.facts div').allInnerTexts();
      return texts.map(text => text.replaceAll(/\s+/g, ' ')).slice(0, 3);
    };
    expect(await factsOf(4)).toEqual([
      'Direction outbound',
      'Answered by a machine, with a beep',
      'Disclosure heard after 3.20 s',
    ]);
    expect(await factsOf(5)).toEqual(['Direction outbound', 'Answered by unknown', 'Disclosure not heard to its end']);
    expect(complaints).toEqual([]);
  });

  test('an analyst loads more calls, and opens a call with its two lanes by keyboard alone', async () => {
    await using visited = await visit(`${open.url}/?view=calls`);
    const {page, complaints} = visited;
    await page.getByRole('button', {name: 'Show more'}).click();
    await page.locator('tbody tr').nth(60).waitFor();
    await page.locator('select[name=interrupted]').selectOption('yes');
    await drawn(page);
    await page.locator('tbody tr a').first().focus();
    await page.keyboard.press('Enter');
    await page.locator('.lanes svg').waitFor();
    expect(await page.locator('.lanes .c-teal.bar').count()).toBeGreaterThan(0);
    expect(await page.locator('.lanes .cut-line').count()).toBeGreaterThan(0);
    const width = async () => Number(await page.locator('.lanes svg').getAttribute('width'));
    const before = await width();
    await page.locator('.lanes').focus();
    await page.keyboard.press('+');
    expect(await width()).toBeGreaterThan(before);
    expect(await page.getByText('set DASHBOARD_PASSWORD').count()).toBe(1);
    expect(complaints).toEqual([]);
  });

  test('a finished call appears on an open page, and a hostile name stays text', async () => {
    await using visited = await visit(open.url);
    const {page, complaints} = visited;
    await page.getByText('Just finished').waitFor();
    await drawn(page);
    await page.locator('.dot.on').waitFor();
    await send(0, finishedCall({number: 1, startedAt: Date.now(), summary: {assistant: HOSTILE}}));
    await page.getByText(HOSTILE).first().waitFor();
    expect(await page.title()).toBe('Overview · Voicebridge');
    expect(complaints).toEqual([]);
  });

  test('an analyst downloads the list of calls as CSV', async () => {
    await using visited = await visit(`${open.url}/?view=calls`);
    const [download] = await Promise.all([
      visited.page.waitForEvent('download'),
      visited.page.getByRole('link', {name: 'calls, CSV'}).click(),
    ]);
    expect(download.suggestedFilename()).toBe('calls.csv');
  });

  test('a viewer is asked for the password, is refused with a wrong one, and reads the transcript after the right one', async () => {
    const transcript = [{line: 0, turn: 1, role: 'caller', at: 5_000, text: `Hello ${HOSTILE}`, cut: false}];
    await send(1, finishedCall({number: 2, rest: {transcript}}));
    await using visited = await visit(`${closed.url}/?view=calls&call=${sidOf(2)}`);
    const {page, complaints} = visited;
    await page.getByLabel('Password').fill('not the password');
    await page.keyboard.press('Enter');
    await page.getByText('that is not the password').waitFor();
    await page.getByLabel('Password').fill(PASSWORD);
    await page.keyboard.press('Enter');
    await page.locator('.words').getByText(`Hello ${HOSTILE}`).waitFor();
    expect(await page.title()).toBe('Call · Voicebridge');
    await page.getByRole('button', {name: 'Delete'}).click();
    await page.getByRole('button', {name: 'This call', exact: true}).click();
    await page.getByText('No call matches.').waitFor();
    await page.getByRole('button', {name: 'Sign out'}).click();
    await page.getByLabel('Password').waitFor();
    expect(complaints).toEqual([]);
  });

  test('an analyst sees the waveforms of a recorded call, and hears it from where they click into a lane or on a word', async () => {
    const line = {turn: 1, at: 6_000, cut: false};
    const transcript = [
      {...line, line: 0, role: 'caller', text: 'On Sunday?'},
      {...line, line: 1, role: 'assistant', text: 'No, never on Sundays, and I mean it.'},
    ];
    await send(1, finishedCall({number: 3, summary: {recordedFromMs: 0}, rest: {transcript}}));
    await using visited = await visit(`${closed.url}/?view=calls&call=${sidOf(3)}`);
    const {page, complaints} = visited;
    await page.getByLabel('Password').fill(PASSWORD);
    await page.keyboard.press('Enter');
    await page.locator('.lanes svg').waitFor();
    while ((await page.locator('audio').count()) === 0) {
      await page.reload();
      await page.locator('.lanes svg').waitFor();
    }
    await page.locator('path.wave').nth(1).waitFor({state: 'attached'});
    const [caller, assistant] = await page
      .locator('path.wave')
      .evaluateAll(waves => waves.map(wave => wave.getBoundingClientRect()));
    expect(Math.abs(caller!.right - assistant!.left)).toBeLessThan(3);
    const {x, y, height} = (await page.locator('.lanes').boundingBox())!;
    await page.mouse.click(x + 1 + (assistant!.left - x) / 2, y + height / 2);
    const player = `(({currentTime, duration, paused}) => ({currentTime, duration, paused}))(document.querySelector('audio'))`;
    const playing = () => page.evaluate<{currentTime: number; duration: number; paused: boolean}>(player);
    await expect.poll(async () => (await playing()).duration, {timeout: 20_000}).toBeCloseTo(30, 1);
    await expect.poll(async () => (await playing()).paused, {timeout: 20_000}).toBe(false);
    const {currentTime: at} = await playing();
    expect(at).toBeGreaterThan(7);
    expect(at).toBeLessThan(15);
    await page.locator('.lanes').focus();
    await page.keyboard.press(' ');
    await expect.poll(async () => (await playing()).paused, {timeout: 20_000}).toBe(true);
    // “Sundays” is the fourth of eight words, all of which were said from 6.8 s to 8.8 s.
    await page.locator('.word', {hasText: 'Sundays'}).click();
    await expect.poll(async () => (await playing()).paused, {timeout: 20_000}).toBe(false);
    expect((await playing()).currentTime).toBeGreaterThan(7.3);
    expect((await playing()).currentTime).toBeLessThan(15);
    await page.keyboard.press(' ');
    await expect.poll(async () => (await playing()).paused, {timeout: 20_000}).toBe(true);
    // A key goes back, word by word.
    const before = (await playing()).currentTime;
    await page.keyboard.press(',');
    await expect.poll(async () => (await playing()).currentTime, {timeout: 20_000}).toBeLessThan(before);
    expect(complaints).toEqual([]);
  });

  test('a reader who cannot see finds nothing in the way: in every view, both themes, and on a phone', async () => {
    const answer = await (await fetch(`${open.url}/api/calls?interrupted=yes&limit=1`)).text();
    const call = `/?view=calls&call=${/"callSid":"(CA\w+)"/.exec(answer)?.[1]}`;
    // Few rows: each costs the check of its colours.
    const few = ['/?view=calls&failed=yes', '/?view=webhooks', call, '/phone.html'];
    const found: string[] = [];
    for (const path of ['/', '/?view=live', '/?view=interruptions', '/?view=cost', ...few]) {
      await using visited = await visit(`${open.url}${path}`);
      await visited.page.locator('h1').waitFor();
      if (path !== '/phone.html') await drawn(visited.page);
      found.push(...(await axeFindings(visited.page)));
    }
    expect(found).toEqual([]);
  }, 240_000);

  test('nor in any state of a page: signed out, empty, loading, refused, away, with nonsense in its address, and while it asks', async () => {
    const found: string[] = [];
    const NOTHING = 'from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z';
    const NO_FACETS = {
      assistants: [],
      versions: [],
      models: [],
      workers: [],
      outcomes: [],
      tags: [],
      first: null,
      last: null,
    };
    const problem = JSON.stringify({detail: 'this was refused', cure: 'ask for something else'});
    const refuse = {status: 400, contentType: 'application/problem+json', body: problem};
    interface State {
      readonly url?: string;
      /** By these words it is known. */
      readonly words: string;
      /** How a page gets into it, before it is loaded and after. */
      before?: (page: Page) => Promise<unknown>;
      after?: (page: Page) => Promise<unknown>;
    }
    const states: readonly State[] = [
      {url: closed.url, words: 'Sign in'},
      {url: `${open.url}/?${NOTHING}`, words: 'There are no figures for this time.'},
      {url: `${open.url}/?view=interruptions&${NOTHING}`, words: 'There are no figures for this time.'},
      {url: `${open.url}/?view=cost&${NOTHING}`, words: 'There are no figures for this time.'},
      {url: `${open.url}/?view=calls&${NOTHING}`, words: 'No call matches.'},
      {
        words: 'No call has ended yet',
        before: page => page.route(/\/api\/facets/, route => route.fulfill({json: NO_FACETS})),
      },
      {words: 'Loading…', before: page => page.route('**/api/metrics?*', () => {})},
      {words: 'this was refused', before: page => page.route('**/api/metrics?*', route => route.fulfill(refuse))},
      {
        words: 'Analytics does not answer',
        after: async page => {
          await page.route('**/api/**', route => route.abort());
          await page.getByRole('button', {name: '30 days'}).click();
        },
      },
      {url: `${open.url}/?view=nowhere&from=abc`, words: '“nowhere” is not a view'},
      {url: `${open.url}/?view=calls&call=CA00000000000000000000000000000000`, words: 'there is no such call'},
      {words: 'are kept under this name', after: page => page.getByRole('button', {name: 'Save view'}).click()},
    ];
    for (const {url = open.url, words, before, after} of states) {
      const page = await browser.newPage();
      await before?.(page);
      await page.goto(url);
      await page.locator('h1').waitFor();
      await after?.(page);
      await page.getByText(words).first().waitFor();
      if (!before) {
        await drawn(page);
        expect(await page.getByText('Loading…').count(), url).toBe(0);
      }
      found.push(...(await axeFindings(page, [390])));
      await page.close();
    }
    expect(found).toEqual([]);
  }, 240_000);

  test('whoever uses keys keeps their place, and reads each chart as a table whose rows lead to its calls', async () => {
    await using visited = await visit(open.url);
    const {page, complaints} = visited;
    await drawn(page);
    const focused = () => page.evaluate<string>(`document.activeElement.name || document.activeElement.textContent`);
    await page.getByRole('button', {name: '24 hours'}).focus();
    await page.keyboard.press('Enter');
    expect(await focused()).toBe('range-24h');
    await page.getByRole('link', {name: 'Interruptions', exact: true}).focus();
    await page.keyboard.press('Enter');
    expect(await focused()).toBe('Interruptions');
    // Nobody is signed in: there is no audit to read.
    expect(await page.getByRole('link', {name: 'Audit', exact: true}).count()).toBe(0);
    await page.goto(`${open.url}/?range=7d`);
    const card = page.getByRole('region', {name: 'Platform turn gap'});
    await card.getByText('As a table').focus();
    await page.keyboard.press('Enter');
    await card.locator('tbody a').first().click();
    expect(new URL(page.url()).searchParams.get('view')).toBe('calls');
    await page.locator('tbody tr').first().waitFor();
    expect(await focused()).toBe('Calls');
    await page.goBack();
    await card.waitFor();
    expect(complaints).toEqual([]);
  });

  test('an operator sees first how many calls went wrong, and opens exactly those', async () => {
    const lost = {endReason: 'platform.stream-lost', endedBy: 'platform'};
    await stored(finishedCall({number: 6, startedAt: Date.now() - 60_000, summary: lost}));
    await using visited = await visit(`${open.url}/?range=7d`);
    const {page, complaints} = visited;
    const tile = page.locator('a.tile').first();
    await tile.waitFor();
    expect(await tile.locator('.label').textContent()).toBe('Calls that went wrong');
    const [, wrong] = /(\d+) of \d+/.exec((await tile.textContent()) ?? '') ?? [];
    await tile.click();
    await drawn(page);
    expect(await page.locator('tbody tr').count()).toBe(Number(wrong));
    expect(await page.locator('tbody tr .pill.bad').count()).toBe(Number(wrong));
    expect(complaints).toEqual([]);
  });

  test('each tile opens calls that have such a value, although what it shows is rounded', async () => {
    await using visited = await visit(open.url);
    const {page} = visited;
    const opened: string[] = [];
    for (const view of ['overview', 'interruptions', 'cost']) {
      await page.goto(`${open.url}/?view=${view}&range=30d`);
      await drawn(page);
      await page.locator('.tile[aria-busy]').first().waitFor({state: 'detached'});
      for (const tile of await page.locator('a.tile[href*="has="]').all()) {
        const has = new URL((await tile.getAttribute('href')) ?? '', open.url).searchParams.get('has') ?? '';
        if (has.startsWith('false_interruptions')) continue;
        const {calls} = (await (
          await fetch(`${open.url}/api/calls?limit=1&has=${encodeURIComponent(has)}`)
        ).json()) as {calls: unknown[]};
        expect(calls.length, `${await tile.innerText()} → ${has}`).toBe(1);
        opened.push(has);
      }
    }
    expect(opened.length).toBeGreaterThan(8);
  });

  test('who drags over a chart sees that time alone, and a click opens the calls of a bucket', async () => {
    await using visited = await visit(`${open.url}/?range=7d`);
    const {page} = visited;
    const over = page.getByRole('region', {name: 'Platform turn gap'}).locator('.u-over');
    await over.scrollIntoViewIfNeeded();
    const {x, y, width} = (await over.boundingBox())!;
    await page.mouse.move(x + width / 2, y + 20);
    await page.mouse.down();
    await page.mouse.move(x + width * 0.75, y + 40, {steps: 4});
    await page.mouse.up();
    const {searchParams} = new URL(page.url());
    const [from, to] = ['from', 'to'].map(name => Date.parse(searchParams.get(name) ?? ''));
    expect((to! - from!) / 86_400_000).toBeCloseTo(7 / 4, 1);
    expect(searchParams.has('view')).toBe(false);
    await drawn(page);
    await over.click({position: {x: width / 2, y: 30}});
    expect(new URL(page.url()).searchParams.get('view')).toBe('calls');
  });

  test('times are in the zone of the browser, and in UTC for who chooses it; a day begins at midnight there', async () => {
    const page = await browser.newPage({timezoneId: 'America/New_York'});
    await page.goto(`${open.url}/?view=calls`);
    await drawn(page);
    const shown = async () => (await page.locator('tbody tr a').first().textContent()) ?? '';
    const here = await shown();
    expect(await page.locator('#zone').textContent()).toMatch(/^America\/New_York \(UTC−[45]\)$/);
    await page.locator('select[name=zone]').selectOption('utc');
    await drawn(page);
    expect(await page.locator('#zone').textContent()).toBe('UTC');
    const hour = (text: string) => Number(/(\d\d):\d\d:\d\d/.exec(text)?.[1]);
    expect([4, 5]).toContain((hour(await shown()) - hour(here) + 24) % 24);
    await page.goto(`${open.url}/?range=90d`);
    const card = page.getByRole('region', {name: 'Calls', exact: true});
    await card.getByText('As a table').click();
    expect(await card.locator('tbody a').first().textContent()).toContain('00:00');
    await page.close();
  });

  test('an address with nonsense in it shows the nearest good view, and says what was wrong', async () => {
    await using visited = await visit(`${open.url}/?view=nowhere&from=abc&range=99y&colour=red`);
    const {page, complaints} = visited;
    const said = page.locator('main .problem').first();
    await said.waitFor();
    for (const wrong of ['“nowhere” is not a view', '“abc” is not a time', '“99y” is not a range', '“colour”'])
      expect(await said.textContent()).toContain(wrong);
    await drawn(page);
    expect(await page.locator('canvas').count()).toBeGreaterThan(0);
    await page.goto(
      `${open.url}/?view=calls&failed=perhaps&lastTwo=abc&endReason=bored&assistant=${'a'.repeat(300)}&tag=%00`,
    );
    for (const wrong of ['“failed” cannot be “perhaps”', '“lastTwo”', '“endReason”', '“assistant”', '“tag”'])
      expect(await said.textContent()).toContain(wrong);
    await page.locator('tr.opens').first().waitFor();
    await page.goto(`${open.url}/?compare=nobody:nothing&worker=%00`);
    await drawn(page);
    expect(await said.textContent()).toContain('“compare” cannot be “nobody:nothing”');
    expect(await page.locator('canvas').count()).toBeGreaterThan(0);
    expect(complaints).toEqual([]);
  });

  test('the filter of workers tells those that run from those that only calls of the past know', async () => {
    await using visited = await visitPage(browser, 'about:blank');
    const {page} = visited;
    const {workers} = (await (await fetch(`${open.url}/api/facets`)).json()) as {workers: string[]};
    const member = {id: workers[0], calls: 1, capacity: 4, state: 'ready', url: null, lagMs: 0};
    const body = `event: fleet\ndata: ${JSON.stringify({workers: [member], edges: []})}\n\n`;
    await page.route('**/api/live', route => route.fulfill({contentType: 'text/event-stream', body}));
    await page.goto(open.url);
    const group = (label: string) => page.locator(`select[name=worker] optgroup[label="${label}"] option`);
    await group('running').first().waitFor({state: 'attached'});
    expect(await group('running').allTextContents()).toEqual([workers[0]]);
    expect(await group('no longer running').allTextContents()).toEqual(workers.slice(1));
  });

  test('while analytics is away a page says so once, and is whole again when it is back', async () => {
    await using visited = await visit(open.url);
    const {page} = visited;
    await drawn(page);
    await page.route('**/api/**', route => route.abort());
    await page.getByRole('button', {name: '30 days'}).click();
    await page.locator('.away').waitFor();
    await drawn(page);
    expect(await page.getByText('Analytics does not answer').count()).toBe(1);
    await page.unroute('**/api/**');
    await page.getByRole('button', {name: 'Try now'}).click();
    await page.locator('.away').waitFor({state: 'detached'});
    await drawn(page);
    expect(await page.locator('canvas').count()).toBeGreaterThan(0);
  });

  test('a search that finds nothing leaves the field there, and a view that was saved is one key away', async () => {
    await using visited = await visit(`${open.url}/?view=calls`);
    const {page, complaints} = visited;
    await page.getByLabel('Find', {exact: false}).first().waitFor();
    const field = page.locator('input[name=find]');
    await field.fill('CAffffffff');
    await page.keyboard.press('Enter');
    await page.getByText('No call matches.').waitFor();
    await page.locator('input[name=find]').fill('+47 22 33 44 55');
    await page.keyboard.press('Enter');
    await page.getByText('needs a sign-in or a token').waitFor();
    await page.locator('select[name=failed]').selectOption('yes');
    await page.getByRole('button', {name: 'Save view'}).click();
    await page.getByLabel('Name of the view').fill('what went wrong');
    await page.keyboard.press('Enter');
    await page.goto(open.url);
    await page.locator('select[name=saved]').selectOption({label: 'what went wrong'});
    expect(new URL(page.url()).searchParams.get('failed')).toBe('yes');
    expect(complaints.filter(text => !text.includes('403'))).toEqual([]);
  });

  test('all scripts together are smaller than 120 KB on the way to the browser', async () => {
    let bytes = 0;
    const html = await (await fetch(open.url)).text();
    const files = new Set(['/', ...[...html.matchAll(/(?:src|href)="(\/[^"]+\.\w+)"/g)].map(match => match[1]!)]);
    for (const file of files) {
      const response = await fetch(`${open.url}${file}`, {headers: {'accept-encoding': 'gzip'}});
      const text = await response.text();
      bytes += Buffer.byteLength((await import('node:zlib')).gzipSync(text));
      for (const match of text.matchAll(/from '\.\/([\w-]+\.js)'/g)) files.add(`/${match[1]!}`);
    }
    expect(files.size).toBeGreaterThan(15);
    expect(bytes).toBeLessThan(120 * 1_024);
  });
});
