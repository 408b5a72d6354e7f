import {commandLine} from '@voicebridge/shared/config/command-line.ts';
import {postgresUrl} from '@voicebridge/shared/config/server-urls.ts';
import {wholeNumber} from '@voicebridge/shared/config/config.ts';
import {CannotStart} from '@voicebridge/shared/errors.ts';
import {z} from 'zod';
import {openEmbedded, openPostgres} from '../src/database/database.ts';
import {seedDatabase} from './seed-database.ts';

const {DATABASE_URL, DATA_DIR} = process.env;
const options = commandLine({
  command: 'npm run seed-data --',
  about: 'Fills an empty database of analytics with plausible days of calls.',
  options: z.object({
    turns: wholeNumber({min: 1, max: 100_000_000}).default(50_000).describe('about how many turns'),
    days: wholeNumber({min: 1, max: 3_650}).default(30).describe('over how many days up to now'),
    seed: wholeNumber().default(1).describe('the same seed, the same calls'),
    transcripts: z
      .string()
      .regex(/^(0(\.\d+)?|1(\.0+)?)$/, 'must be a share from 0 to 1, such as 0.2')
      .default('0.2')
      .describe('the share of calls that keep their words'),
    'database-url': postgresUrl().optional().describe('a PostgreSQL; else DATABASE_URL'),
    'data-dir': z.string().optional().describe('the folder of the embedded database; else DATA_DIR'),
  }),
});

const url = options['database-url'] ?? (options['data-dir'] === undefined ? DATABASE_URL : undefined);
const folder = options['data-dir'] ?? (DATA_DIR || '.voicebridge/analytics');
try {
  await using database = url ? openPostgres(url) : await openEmbedded(folder);
  const started = performance.now();
  const {calls, turns} = await seedDatabase(database, {
    ...options,
    transcripts: Number(options.transcripts),
    until: Date.now(),
    progress: done => process.stderr.write(`\r${done.toLocaleString('en')} turns`),
  });
  const seconds = (performance.now() - started) / 1_000;
  process.stderr.write('\r');
  console.log(`${calls.toLocaleString('en')} calls, ${turns.toLocaleString('en')} turns in ${seconds.toFixed(1)} s`);
} catch (thrown) {
  process.stderr.write(`${explained(thrown)}\n`);
  process.exitCode = 1;
}

/** One sentence for what an operator can mend. Anything else is a bug, and keeps its stack. */
function explained(thrown: unknown): string {
  if (thrown instanceof CannotStart) return thrown.message;
  if (thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string')
    return `The database does not take the calls: ${thrown.message || thrown.code}.`;
  throw thrown;
}
