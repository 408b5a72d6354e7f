import {parseArgs} from 'node:util';
import {openEmbedded, openPostgres} from '../src/database.ts';
import {seedDatabase} from './seed-database.ts';

const {values} = parseArgs({
  options: {
    turns: {type: 'string', default: '50000'},
    days: {type: 'string', default: '30'},
    seed: {type: 'string', default: '1'},
    transcripts: {type: 'string', default: '0.2'},
    'database-url': {type: 'string', default: process.env['DATABASE_URL'] ?? ''},
    'data-dir': {type: 'string', default: process.env['DATA_DIR'] ?? '.voicebridge/analytics'},
    help: {type: 'boolean', default: false},
  },
});

if (values.help) {
  console.log(`Fills the database of analytics with plausible days of calls.

  npm run seed-data -- [--turns 50000] [--days 30] [--seed 1] [--transcripts 0.2]
                       [--database-url postgres://… | --data-dir .voicebridge/analytics]`);
} else {
  const url = values['database-url'];
  await using database = url === '' ? await openEmbedded(values['data-dir']) : openPostgres(url);
  const started = performance.now();
  const {calls, turns} = await seedDatabase(database, {
    turns: Number(values.turns),
    days: Number(values.days),
    seed: Number(values.seed),
    transcripts: Number(values.transcripts),
    until: Date.now(),
    progress: done => process.stderr.write(`\r${done.toLocaleString('en')} turns`),
  });
  const seconds = (performance.now() - started) / 1_000;
  process.stderr.write('\r');
  console.log(`${calls.toLocaleString('en')} calls, ${turns.toLocaleString('en')} turns in ${seconds.toFixed(1)} s`);
}
