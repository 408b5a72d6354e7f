import {rmSync} from 'node:fs';
import {mkdtemp} from 'node:fs/promises';
import {cpus, loadavg, tmpdir} from 'node:os';
import {join} from 'node:path';
import {commandLine, toggle} from '@voicebridge/shared/config/command-line.ts';
import {wholeNumber} from '@voicebridge/shared/config/config.ts';
import {postgresUrl} from '@voicebridge/shared/config/server-urls.ts';
import {z} from 'zod';
import {openEmbedded, openPostgres, type Database} from '@voicebridge/analytics/database/database.ts';
import {findPostgres, privatePostgres} from '@voicebridge/analytics/testing/private-postgres.ts';
import {dashboardQueries} from '../../services/analytics/scripts/dashboard-queries.ts';
import {seedDatabase} from '../../scripts/seed-data/seed-database.ts';

const values = commandLine({
  command: 'npm run bench analytics-queries --',
  about: 'How long the dashboard waits for each of its questions.',
  options: z.object({
    turns: wholeNumber({min: 1, max: 100_000_000}).default(1_000_000).describe('how many turns there are to ask about'),
    runs: wholeNumber({min: 1, max: 10_000}).default(20).describe('how often each question is asked'),
    'data-dir': z.string().optional().describe('an embedded database that is kept'),
    'database-url': postgresUrl().optional().describe('a PostgreSQL'),
    all: toggle().describe('shows every question, not only the slowest'),
  }),
});
const runs = values.runs;
const GOAL = 500;

const percentile = (times: readonly number[], share: number) =>
  times.toSorted((a, b) => a - b)[Math.min(times.length - 1, Math.ceil(times.length * share) - 1)] ?? 0;

async function bench(name: string, database: Database): Promise<void> {
  await database.prepare();
  const db = database.kysely;
  const count = async () => {
    const {turns} = await db
      .selectFrom('turns')
      .select(({fn}) => fn.countAll<number>().as('turns'))
      .executeTakeFirstOrThrow();
    return turns;
  };
  if ((await count()) === 0) {
    const started = performance.now();
    const seeded = await seedDatabase(database, {
      turns: values.turns,
      days: 30,
      until: Date.now(),
      seed: 1,
      simulated: 120,
      words: false,
    });
    console.log(
      `${name}: filled with ${seeded.turns} turns in ${((performance.now() - started) / 1_000).toFixed(1)} s`,
    );
  }
  const newest = await db
    .selectFrom('calls')
    .select(['callSid', 'startedAt'])
    .orderBy('startedAt', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (!newest) throw new Error('the database is empty');
  const results: {query: string; p50: number; p95: number; cpu: number}[] = [];
  const everything: number[] = [];
  for (const [query, ask] of dashboardQueries(newest.startedAt.getTime() + 1, newest.callSid)) {
    await ask(db);
    const times: number[] = [];
    const work: number[] = [];
    for (let run = 0; run < runs; run += 1) {
      const [started, before] = [performance.now(), process.cpuUsage()];
      await ask(db);
      times.push(performance.now() - started);
      const {user, system} = process.cpuUsage(before);
      work.push((user + system) / 1_000);
    }
    everything.push(...times);
    results.push({query, p50: percentile(times, 0.5), p95: percentile(times, 0.95), cpu: percentile(work, 0.5)});
  }
  const shown = results.toSorted((a, b) => b.p95 - a.p95).slice(0, values.all ? undefined : 12);
  console.log(
    `\n${name}: ${await count()} turns; ${results.length} queries of the dashboard, ${runs} runs each, one after the other`,
  );
  const figure = (ms: number) => `${ms.toFixed(0).padStart(5)} ms`;
  for (const {query, p50, p95, cpu} of shown) {
    // What the embedded database works, it works in this process; other processes on the machine do not change that much.
    const worked = database.kind === 'embedded' ? `   processor ${figure(cpu)}` : '';
    console.log(`  ${query.padEnd(52)} p50 ${figure(p50)}   p95 ${figure(p95)}${worked}`);
  }
  if (!values.all) console.log(`  … the slowest ${shown.length}; --all shows every one`);
  const within = results.filter(result => result.p95 <= GOAL).length;
  console.log(
    `  all: p50 ${percentile(everything, 0.5).toFixed(0)} ms, p95 ${percentile(everything, 0.95).toFixed(0)} ms, worst ` +
      `${Math.max(...everything).toFixed(0)} ms; ${within} of ${results.length} queries have p95 ≤ ${GOAL} ms`,
  );
}

console.log(
  `node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, ` +
    `load ${loadavg()[0]?.toFixed(1)}, ${new Date().toISOString()}`,
);
const folder = await mkdtemp(join(tmpdir(), 'voicebridge-bench-'));
process.once('exit', () => rmSync(folder, {recursive: true, force: true}));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => process.exit(1)); // the PostgreSQL ends with this process
}
if (values['database-url'] === undefined) {
  await using database = await openEmbedded(values['data-dir'] ?? folder);
  await bench('PGlite', database);
}
if (values['data-dir'] === undefined) {
  const bin = await findPostgres();
  if (values['database-url'] !== undefined) {
    await using database = openPostgres(values['database-url']);
    await bench('PostgreSQL', database);
  } else if (bin === undefined) console.log('PostgreSQL: skipped, this machine has no initdb');
  else {
    await using postgres = await privatePostgres(bin);
    await using database = openPostgres(postgres.url);
    await bench(postgres.version, database);
  }
}
