import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {loadConfig} from '@voicebridge/shared/config/config.ts';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {tellLeak} from '@voicebridge/shared/testing/canaries.ts';
import {systemClock} from '@voicebridge/shared/time.ts';
import {z} from 'zod';
import {AnalyticsEnv} from '../config.ts';
import {startAnalytics, type Analytics} from '../start-analytics.ts';
import {newDatabase} from './new-database.ts';

/** A folder that is deleted at the end of the test. */
export async function temporaryFolder(): Promise<AsyncDisposable & {readonly path: string}> {
  const path = await mkdtemp(join(tmpdir(), 'voicebridge-analytics-'));
  return {path, [Symbol.asyncDispose]: () => rm(path, {recursive: true, force: true})};
}

/** The same with an empty database in it, as DATA_DIR after the first start. */
export async function dataFolder(): Promise<AsyncDisposable & {readonly path: string}> {
  const folder = await temporaryFolder();
  await newDatabase(folder.path);
  return folder;
}

/** The whole service in this process, on a free port and with the system clock. */
export async function runAnalytics(
  env: Readonly<Record<string, string>>,
): Promise<Analytics & {readonly url: string; readonly said: string[]}> {
  const config = loadConfig(AnalyticsEnv, {PORT: '0', ...env});
  const said: string[] = [];
  const log = createLog('analytics', {
    to: {
      write: line => {
        tellLeak(line);
        said.push(z.object({msg: z.string()}).parse(JSON.parse(line)).msg);
      },
    },
  });
  const analytics = await startAnalytics(config, {clock: systemClock, log});
  return {...analytics, said, url: `http://127.0.0.1:${analytics.port}`};
}

/** Polls until the answer is right; the timeout of the test is the limit. */
export async function until<Answer>(ask: () => Promise<Answer>, right: (answer: Answer) => boolean): Promise<Answer> {
  for (;;) {
    const answer = await ask();
    if (right(answer)) return answer;
    await new Promise<void>(resolve => setImmediate(resolve));
  }
}
