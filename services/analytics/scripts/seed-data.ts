import {commandLine, toggle} from '@voicebridge/shared/config/command-line.ts';
import {postgresUrl} from '@voicebridge/shared/config/server-urls.ts';
import {wholeNumber} from '@voicebridge/shared/config/config.ts';
import {readGiven} from '@voicebridge/shared/config/given.ts';
import {CannotStart} from '@voicebridge/shared/errors.ts';
import {z} from 'zod';
import {type Database, openEmbedded, openPostgres} from '../src/database/database.ts';
import {clearSeededCalls} from './clear-seeded-calls.ts';
import {seedDatabase} from './seed-database.ts';

const {DATABASE_URL, DATA_DIR} = readGiven(process.env, ['DATABASE_URL', 'DATA_DIR']).values;
const options = commandLine({
  command: 'npm run seed-data --',
  about:
    'Fills an empty database of analytics with plausible days of calls; with --clear, deletes those calls and no others.',
  options: z.object({
    turns: wholeNumber({min: 1, max: 100_000_000}).default(50_000).describe('about how many turns'),
    days: wholeNumber({min: 1, max: 3_650}).default(30).describe('over how many days up to now'),
    seed: wholeNumber().default(1).describe('the same seed, the same calls'),
    transcripts: z
      .string()
      .regex(/^(0(\.\d+)?|1(\.0+)?)$/, 'must be a share from 0 to 1, such as 0.2')
      .default('0.2')
      .describe('the share of calls that keep their words'),
    clear: toggle().describe('deletes every seeded call, and says how many; asks nothing'),
    'database-url': postgresUrl().optional().describe('a PostgreSQL; else DATABASE_URL'),
    'data-dir': z.string().optional().describe('the folder of the embedded database; else DATA_DIR'),
  }),
});

const url = options['database-url'] ?? (options['data-dir'] === undefined ? DATABASE_URL : undefined);
const folder = options['data-dir'] ?? (DATA_DIR || '.voicebridge/analytics');
try {
  await using database = url ? openPostgres(url) : await openEmbedded(folder);
  if (options.clear) await clear(database);
  else await seed(database);
} catch (thrown) {
  process.stderr.write(`${explained(thrown)}\n`);
  process.exitCode = 1;
}

async function seed(database: Database): Promise<void> {
  const started = performance.now();
  const {calls, turns} = await seedDatabase(database, {
    ...options,
    transcripts: Number(options.transcripts),
    until: Date.now(),
    progress: done => process.stderr.write(`\r${number(done)} turns`),
  });
  const seconds = (performance.now() - started) / 1_000;
  process.stderr.write('\r');
  console.log(`${number(calls)} calls, ${number(turns)} turns in ${seconds.toFixed(1)} s`);
}

async function clear(database: Database): Promise<void> {
  const calls = await clearSeededCalls(database, done => process.stderr.write(`\r${number(done)} calls`));
  process.stderr.write('\r');
  console.log(calls === 1 ? '1 seeded call deleted' : `${number(calls)} seeded calls deleted`);
}

function number(value: number): string {
  return value.toLocaleString('en');
}

/** One sentence for a failure that an operator can fix. Anything else is a bug and is thrown again, with its stack. */
function explained(thrown: unknown): string {
  if (thrown instanceof CannotStart) return thrown.message;
  if (thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string')
    return `The database does not take the calls: ${thrown.message || thrown.code}.`;
  throw thrown;
}
