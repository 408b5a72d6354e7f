import {mkdtempSync, readdirSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {isFree} from '../../scripts/processes.ts';
import {startFakeOpenAI} from '../../simulators/openai/src/fake-openai.ts';
import {startFakeTwilio, type CallerScript} from '../../simulators/twilio/src/fake-twilio.ts';
import {runCommand} from './run-command.ts';

const authToken = 'a-token-of-this-test';
const goodbye: CallerScript = [
  {do: 'waitForSilence', ms: 400},
  {do: 'say', clip: 'caller-goodbye'},
];

/** Ports with room for two of each. */
async function freePorts(): Promise<Record<'webhook' | 'edge' | 'worker' | 'analytics', number>> {
  for (;;) {
    const first = 20_000 + Math.floor(Math.random() * 10_000);
    const all = await Promise.all([0, 1, 2, 3, 10, 11, 12].map(step => isFree(first + step)));
    if (all.every(Boolean)) return {webhook: first, edge: first + 1, worker: first + 2, analytics: first + 3};
  }
}

describe('an operator with one tunnel', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'start-test-'));
  });
  afterEach(() => rmSync(folder, {recursive: true, force: true}));

  test('takes calls on every edge, and after Ctrl-C they finish while newcomers are turned away', async () => {
    await using openai = await startFakeOpenAI({apiKey: 'sk-test', seed: 1});
    const ports = await freePorts();
    const address = `http://127.0.0.1:${ports.webhook}`;
    const started = runCommand(['start', '--edges', '2', '--workers', '2'], {
      TMPDIR: folder,
      OPENAI_API_KEY: 'sk-test',
      OPENAI_REALTIME_URL: openai.url,
      TWILIO_AUTH_TOKEN: authToken,
      TWILIO_VALIDATE: 'on',
      PUBLIC_WEBHOOK_URL: address,
      PUBLIC_EDGE_URL: '',
      WEBHOOK_PORT: String(ports.webhook),
      EDGE_PORT: String(ports.edge),
      WORKER_PORT: String(ports.worker),
      ANALYTICS_PORT: String(ports.analytics),
      DATA_DIR: join(folder, 'analytics'),
    });
    await expect.poll(() => started.output(), {timeout: 60_000}).toContain('What happened in the calls');
    await using twilio = await startFakeTwilio({
      webhookUrl: `${address}/incoming-call`,
      statusCallbackUrl: `${address}/call-status`,
      authToken,
    });
    const first = twilio.dial(goodbye);
    await sleep(1_200);
    const second = twilio.dial(goodbye);
    await expect.poll(() => first.hearsAssistant && second.hearsAssistant, {interval: 20, timeout: 10_000}).toBe(true);

    started.ctrlC();
    await expect.poll(() => started.output().match(/draining reason=/g)?.length).toBeGreaterThanOrEqual(2);
    await sleep(500);
    const late = await twilio.dial(goodbye).ended;
    expect(late.saidByTwilio.join(' ')).toContain('busy');
    expect(late.streams).toEqual([]);

    for (const report of await Promise.all([first.ended, second.ended])) {
      expect(report.violations).toEqual([]);
      expect(report.alerts).toEqual([]);
      expect(report.endedBy, report.reason).toBe('platform');
      expect(report.streams.map(({url}) => url)).toEqual([expect.stringMatching(`^ws://127.0.0.1:${ports.webhook}/`)]);
    }
    expect(await started.exitCode, started.output()).toBe(0);
    const output = started.output();
    for (const edge of ['edge-1', 'edge-2']) expect(output).toMatch(new RegExp(`${edge} +info +stream began`));
    await expect.poll(() => started.leftovers(), {timeout: 5_000}).toEqual([]);
    await expect.poll(() => readdirSync(folder), {timeout: 5_000}).toEqual(['analytics']);
  });
});
