import {access} from 'node:fs/promises';
import {chromium} from 'playwright-core';
import {expect, test} from 'vitest';
import {runAnalytics, dataFolder} from '../../services/analytics/src/testing/running-analytics.ts';
import {haveEnded, haveSpoken} from '../../tools/harness/callers.ts';
import {openBridge} from './bridge.ts';

const CHROMIUM = '/usr/bin/chromium';
const there = await access(CHROMIUM).then(
  () => true,
  () => false,
);
const PASSWORD = 'correct horse battery';

test.skipIf(!there)(
  'an operator sees a call in progress, follows what is said in it, sends the caller to a person whose line is busy, then to a queue that is full, and hangs up when they are back; the record and the audit say so',
  async () => {
    await using stack = new AsyncDisposableStack();
    const bridge = stack.use(
      await openBridge({
        env: {TRANSCRIPTS: 'heard', TRANSFER_ALLOW: '+4755*,queue:support'},
        twilio: {
          people: target =>
            ['Number: +4755000001', 'Queue: support'].includes(target) ? {does: 'be-busy', after: 200} : undefined,
        },
        openai: {script: [[{say: {text: 'We are open from nine to five.', audioMs: 2_000}}]]},
      }),
    );
    const folder = stack.use(await dataFolder());
    const analytics = stack.use(
      await runAnalytics({REDIS_URL: bridge.redisUrl, DATA_DIR: folder.path, DASHBOARD_PASSWORD: PASSWORD}),
    );
    const call = bridge.twilio.dial([
      {do: 'waitForSilence', ms: 400},
      {do: 'say', clip: 'caller-opening-hours'},
      {do: 'waitForSilence', ms: 120_000},
    ]);
    await haveSpoken([call]);
    const browser = await chromium.launch({executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu']});
    stack.defer(() => browser.close());
    const page = await browser.newPage({viewport: {width: 1_280, height: 900}});
    const complaints: string[] = [];
    page.on('pageerror', error => complaints.push(error.message));
    await page.goto(`${analytics.url}/?view=live`);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.keyboard.press('Enter');
    const row = page.getByRole('region', {name: 'Calls in progress'}).locator('tbody tr');
    await row.waitFor();
    expect(await row.textContent()).toContain('default');
    await row.getByRole('link').click();
    await page.getByText('in progress').waitFor();
    // What the assistant says next is drawn while it is looked at.
    await page.locator('.words').getByText('We are open from nine to five.').first().waitFor({timeout: 60_000});
    await page.getByRole('button', {name: 'Transfer'}).click();
    const dialog = page.getByRole('dialog', {name: 'Transfer'});
    await dialog.getByText('Allowed: +4755*, queue:support.').waitFor();
    await dialog.getByLabel('To').fill('+47 99 00 00 00');
    await dialog.getByRole('button', {name: 'Transfer'}).click();
    await dialog.getByText('nobody may be transferred there').waitFor();
    await dialog.getByLabel('To').fill('+47 55 00 00 01');
    await dialog.getByRole('button', {name: 'Transfer'}).click();
    // The line of the person is busy, and the caller is back.
    const away = page.getByRole('region', {name: 'Away'}).locator('tbody tr');
    await away.nth(0).getByText('busy').waitFor({timeout: 60_000});
    // The only place with a whole name is there already.
    await page.getByRole('button', {name: 'Transfer'}).click();
    await expect.poll(() => dialog.getByLabel('To').inputValue()).toBe('queue:support');
    await dialog.getByRole('button', {name: 'Transfer'}).click();
    await away.nth(1).getByText('busy').waitFor({timeout: 60_000});
    expect(await away.nth(1).textContent()).toContain('queue');
    await page.getByRole('button', {name: 'Hang up'}).click();
    await page.getByRole('dialog').getByRole('button', {name: 'Hang up'}).click();
    const [report] = await haveEnded([call]);
    expect(report?.endedBy).not.toBe('caller');
    expect(report?.handedTo).toEqual(['Dial: Number: +4755000001', 'Enqueue: support']);
    await page.locator('.pill', {hasText: 'operator.hung-up'}).waitFor({timeout: 60_000});
    const audit = await page.evaluate<string>(`fetch('/api/audit').then(answer => answer.text())`);
    expect(audit).toContain('call.hung-up');
    expect(audit).toContain('call.transferred');
    expect(complaints).toEqual([]);
  },
);
