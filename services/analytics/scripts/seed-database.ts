import {CannotStart} from '@voicebridge/shared/errors.ts';
import {sql, type Kysely} from 'kysely';
import {callRows, type CallRows} from '../src/ingest/call-rows.ts';
import {columnName} from '../src/database/column-name.ts';
import type {Database} from '../src/database/database.ts';
import type {Schema} from '../src/database/schema.ts';
import {plausibleCall} from './plausible-call.ts';
import {type Random, seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';

export interface SeedOptions {
  /** About how many turns to create. */
  readonly turns: number;
  readonly days: number;
  /** No call starts later than this, in Unix milliseconds. */
  readonly until: number;
  /** The same seed gives the same calls. */
  readonly seed: number;
  /** Share of calls that keep their words, 0 to 1. */
  readonly transcripts: number;
  readonly progress?: (turns: number) => void;
}

export interface Seeded {
  readonly calls: number;
  readonly turns: number;
}

const CALLS_PER_BATCH = 500;
/** What a plausible call has on average. */
const TURNS_PER_CALL = 7.54;
const DAY = 24 * 3_600_000;
/** Calls of each hour of the day, UTC; the sum does not matter. */
const HOURS = [1, 1, 1, 1, 2, 4, 9, 20, 38, 52, 58, 55, 44, 49, 56, 53, 47, 38, 27, 18, 11, 6, 3, 2];

/** The rows that belong to a call, by table. */
const HANGING: Readonly<Record<string, (rows: CallRows) => readonly object[]>> = {
  turns: rows => rows.turns,
  interruptions: rows => rows.interruptions,
  tool_calls: rows => rows.toolCalls,
  failovers: rows => rows.failovers,
  transcripts: rows => rows.transcripts,
};

/**
 * Fills an empty database with plausible days of calls. Rows are sent as JSON: one parameter for thousands of them.
 * Throws `CannotStart` where there are calls already: invented calls must not mix with real ones.
 */
export async function seedDatabase(database: Database, options: SeedOptions): Promise<Seeded> {
  await database.prepare();
  const random = seededRandom(options.seed);
  const db = database.kysely;
  await requireEmpty(db);
  const moments = Array.from({length: Math.ceil(options.turns / TURNS_PER_CALL)}, () => momentOf(random, options));
  // In the order in which real calls would have arrived.
  moments.sort((a, b) => a - b);
  let turns = 0;
  for (let first = 0; first < moments.length; first += CALLS_PER_BATCH) {
    const batch = moments
      .slice(first, first + CALLS_PER_BATCH)
      .map(at => callRows(plausibleCall(random, at, random.chance(options.transcripts))));
    turns += batch.reduce((sum, rows) => sum + rows.turns.length, 0);
    await db.transaction().execute(async tx => {
      const whole = batch.map(({call, failovers}) => ({
        ...call,
        failovers: failovers.length,
        parts: 1,
        partsSeen: [0],
        recordedAt: call.endedAt,
      }));
      await insert(tx, 'calls', whole);
      for (const [name, rowsOf] of Object.entries(HANGING)) await insert(tx, name, batch.flatMap(rowsOf));
    });
    options.progress?.(turns);
  }
  for (const table of ['calls', ...Object.keys(HANGING)]) await sql`VACUUM ANALYZE ${sql.table(table)}`.execute(db);
  return {calls: moments.length, turns};
}

async function requireEmpty(db: Kysely<Schema>): Promise<void> {
  const {calls} = await db
    .selectFrom('calls')
    .select(({fn}) => fn.countAll<number | string>().as('calls'))
    .executeTakeFirstOrThrow();
  if (Number(calls) === 0) return;
  throw new CannotStart(
    `This database holds ${Number(calls).toLocaleString('en')} calls already, and invented ones must not mix with them: ` +
      'choose another folder with --data-dir, another database with --database-url, or delete seeded calls with --clear.',
  );
}

async function insert(db: Kysely<Schema>, table: string, rows: readonly object[]): Promise<void> {
  if (rows.length === 0) return;
  const json = JSON.stringify(
    rows.map(row => Object.fromEntries(Object.entries(row).map(([key, value]) => [columnName(key), value]))),
  );
  const target = sql.table(table);
  await sql`INSERT INTO ${target} SELECT * FROM json_populate_recordset(NULL::${target}, ${json}::json)`.execute(db);
}

/** Offices are busy on weekdays from eight to six, and quiet at night. */
function momentOf(random: Random, {days, until}: SeedOptions): number {
  for (;;) {
    const at = Math.floor(until - random.next() * days * DAY);
    const date = new Date(at);
    const weekend = date.getUTCDay() === 0 || date.getUTCDay() === 6;
    const busy = (HOURS[date.getUTCHours()] ?? 1) * (weekend ? 0.35 : 1);
    if (random.next() * 58 < busy) return at;
  }
}
