import {commandLine, toggle} from '@voicebridge/shared/config/command-line.ts';
import {wholeNumber} from '@voicebridge/shared/config/config.ts';
import {postgresUrl} from '@voicebridge/shared/config/server-urls.ts';
import {CannotStart} from '@voicebridge/shared/errors.ts';
import {z} from 'zod';
import {dropCalls, dropFolder} from '../../services/analytics/scripts/drop-demo-data.ts';
import {type Database, openEmbedded, openPostgres} from '../../services/analytics/src/database/database.ts';
import {DEMO_DATA_DIR} from '../start/demo-data.ts';
import {seedDatabase} from './seed-database.ts';

// The databases of .env are not read: demo data has one of its own.
const options = commandLine({
  command: 'npm run seed-data --',
  about:
    'Fills a database of its own with simulated calls, for npm start -- --demo-data; with --drop, deletes that database.',
  options: z.object({
    turns: wholeNumber({min: 1, max: 100_000_000}).default(50_000).describe('about how many turns'),
    simulated: wholeNumber({min: 1, max: 10_000})
      .default(200)
      .describe('how many different calls are simulated; each is stored several times, at other times'),
    days: wholeNumber({min: 1, max: 3_650}).default(30).describe('over how many days, up to now, the calls are spread'),
    seed: wholeNumber().default(1).describe('the same seed, the same simulated calls'),
    drop: toggle().describe('deletes the demo database without asking, and nothing else'),
    'database-url': postgresUrl().optional().describe('a PostgreSQL in place of the folder'),
    'data-dir': z.string().default(DEMO_DATA_DIR).describe('the folder of the embedded database'),
  }),
});

const {'database-url': url, 'data-dir': folder} = options;
try {
  if (options.drop) await drop();
  else {
    await using database = url ? openPostgres(url) : await openEmbedded(folder);
    await seed(database);
  }
} catch (thrown) {
  process.stderr.write(`${explained(thrown)}\n`);
  process.exitCode = 1;
}

async function seed(database: Database): Promise<void> {
  const started = performance.now();
  let hasBegun = false;
  const {calls, turns, simulated} = await seedDatabase(database, {
    ...options,
    words: true,
    until: Date.now(),
    progress(done) {
      if (!hasBegun)
        console.log(`Simulating ${options.simulated} calls, to store about ${number(options.turns)} turns …`);
      hasBegun = true;
      if (process.stderr.isTTY) process.stderr.write(`\r${done.padEnd(40)}`);
    },
  });
  const seconds = (performance.now() - started) / 1_000;
  if (process.stderr.isTTY) process.stderr.write(`\r${' '.repeat(40)}\r`);
  console.log(
    `${number(calls)} calls, ${number(turns)} turns in ${seconds.toFixed(1)} s, from ${number(simulated)} simulated calls`,
  );
  if (url === undefined && folder === DEMO_DATA_DIR)
    console.log('Look at it with: npm start -- --demo-data\nDelete it with:  npm run seed-data -- --drop');
}

async function drop(): Promise<void> {
  let calls: number;
  if (url) {
    await using database = openPostgres(url);
    calls = await dropCalls(database);
  } else calls = await dropFolder(folder);
  console.log(`demo data with ${number(calls)} calls deleted`);
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
