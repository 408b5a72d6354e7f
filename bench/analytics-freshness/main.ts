import {setTimeout as sleep} from 'node:timers/promises';
import {commandLine} from '@voicebridge/shared/config/command-line.ts';
import {choice, wholeNumber} from '@voicebridge/shared/config/config.ts';
import {z} from 'zod';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {openAnalyticsQueue} from '@voicebridge/shared/cdr/analytics-queue.ts';
import {provideRedis} from '../../tools/local-stack/redis/local-redis.ts';
import {findPostgres, privatePostgres} from '@voicebridge/analytics/testing/private-postgres.ts';
import {runAnalytics} from '@voicebridge/analytics/testing/running-analytics.ts';
import {simulateCalls} from '../../scripts/seed-data/simulate-calls.ts';
import {atAnotherTime} from '../../scripts/seed-data/seed-database.ts';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';

/** How long it takes from the end of a call until its page can be opened, while calls end at a steady rate. */
const values = commandLine({
  command: 'npm run bench analytics-freshness --',
  about: 'How long it takes from the end of a call until its page can be opened.',
  options: z.object({
    calls: wholeNumber({min: 1, max: 1_000_000}).default(500).describe('how many calls end'),
    'per-minute': wholeNumber({min: 1, max: 1_000_000}).default(1_000).describe('how many in a minute'),
    database: choice('embedded', 'postgres').default('embedded').describe('embedded or postgres'),
  }),
});
const calls = values.calls;
/** Each ends again and again. */
const SIMULATED = 50;
const apart = 60_000 / values['per-minute'];

const folder = await mkdtemp(join(tmpdir(), 'voicebridge-freshness-'));
const redis = await provideRedis({log: line => console.log(line)});
const bin = values.database === 'postgres' ? await findPostgres() : undefined;
const postgres = bin === undefined ? undefined : await privatePostgres(bin);
{
  const env = postgres ? {DATABASE_URL: postgres.url} : {DATA_DIR: folder};
  await using analytics = await runAnalytics({REDIS_URL: redis.url, ...env});
  const {hostname, port} = new URL(redis.url);
  await using queue = openAnalyticsQueue({host: hostname, port: Number(port)});
  const random = seededRandom(1);
  const waits: number[] = [];

  const simulated = await simulateCalls({calls: SIMULATED, seed: 1, wall: Date.now()});

  const one = async (index: number) => {
    const parts = simulated[index % simulated.length] ?? [];
    const again = parts.map(part => atAnotherTime(part, Date.now() - 60_000, random));
    const [call] = again;
    if (!call) throw new Error('a simulated call has no record');
    const ended = performance.now();
    await queue.send(again);
    while ((await fetch(`${analytics.url}/api/calls/${call.summary.callSid}`)).status !== 200) await sleep(5);
    waits.push(performance.now() - ended);
  };
  const started = performance.now();
  const all: Promise<void>[] = [];
  for (let index = 0; index < calls; index += 1) {
    await sleep(Math.max(0, started + index * apart - performance.now()));
    all.push(one(index));
  }
  await Promise.all(all);
  waits.sort((a, b) => a - b);
  const at = (share: number) => (waits[Math.ceil(waits.length * share) - 1] ?? 0).toFixed(0);
  console.log(
    `${postgres?.version ?? 'PGlite'}: ${calls} calls at ${values['per-minute']} a minute: call end to its page ` +
      `p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, p99 ${at(0.99)} ms, worst ${at(1)} ms`,
  );
}
await postgres?.[Symbol.asyncDispose]();
await redis.close();
await rm(folder, {recursive: true, force: true});
