import type {CallFinished} from '@voicebridge/shared/cdr/call-record.ts';
import {CannotStart} from '@voicebridge/shared/errors.ts';
import {sql, type Kysely} from 'kysely';
import {columnName} from '../src/database/column-name.ts';
import type {Database} from '../src/database/database.ts';
import {markAsDemo} from '../src/database/demo-mark.ts';
import type {Schema} from '../src/database/schema.ts';
import {callRows, type CallRows} from '../src/ingest/call-rows.ts';

const CALLS_PER_BATCH = 500;

/** The rows that belong to a call, by table. */
const HANGING: Readonly<Record<string, (rows: CallRows) => readonly object[]>> = {
  turns: rows => rows.turns,
  interruptions: rows => rows.interruptions,
  tool_calls: rows => rows.toolCalls,
  failovers: rows => rows.failovers,
  transcripts: rows => rows.transcripts,
};
/** Columns of `calls` that hold JSON: the row has them as text, and all of it is sent as JSON. */
const JSON_COLUMNS = ['notes', 'outcome', 'assistants', 'aways', 'disclosure'] as const;

interface DemoCalls {
  /** Whole records, in the order of their times. They are asked for as they are stored: a million turns need not be in memory. */
  readonly records: Iterable<CallFinished>;
  /** How many different calls they were made of. */
  readonly simulated: number;
  /** Whether what was said is kept. */
  readonly words: boolean;
  readonly progress: (calls: number) => void;
}

/**
 * Stores the records of simulated calls in an empty database, and marks it. Rows are made by the code that stores real
 * records, and sent as JSON: one parameter for thousands of them.
 */
export async function storeDemoCalls(
  database: Database,
  {records, simulated, words, progress}: DemoCalls,
): Promise<{readonly calls: number; readonly turns: number}> {
  await requireEmpty(database);
  const db = database.kysely;
  let [calls, turns] = [0, 0];
  for (const some of batchesOf(records)) {
    const batch = some.map(wholeRows);
    await db.transaction().execute(async tx => {
      await insert(tx, 'calls', batch.map(callOf));
      for (const [name, rowsOf] of Object.entries(HANGING))
        if (words || name !== 'transcripts') await insert(tx, name, batch.flatMap(rowsOf));
    });
    calls += batch.length;
    turns += some.reduce((sum, record) => sum + record.turns.length, 0);
    progress(calls);
  }
  await markAsDemo(db, {simulated, calls});
  for (const table of ['calls', ...Object.keys(HANGING)]) await sql`VACUUM ANALYZE ${sql.table(table)}`.execute(db);
  return {calls, turns};
}

function* batchesOf(records: Iterable<CallFinished>): Generator<CallFinished[]> {
  let batch: CallFinished[] = [];
  for (const record of records) {
    batch.push(record);
    if (batch.length < CALLS_PER_BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** Throws `CannotStart` where there are calls: simulated ones must not mix with real ones. */
export async function requireEmpty(database: Database): Promise<void> {
  await database.prepare();
  const {calls} = await database.kysely
    .selectFrom('calls')
    .select(({fn}) => fn.countAll<number | string>().as('calls'))
    .executeTakeFirstOrThrow();
  if (Number(calls) === 0) return;
  throw new CannotStart(
    `This database holds ${Number(calls).toLocaleString('en')} calls already: drop demo data with --drop, or choose ` +
      'another folder with --data-dir or another database with --database-url.',
  );
}

function wholeRows(record: CallFinished): CallRows {
  if (record.parts !== 1) throw new Error('a simulated call has more turns than one part of a record takes');
  return callRows(record);
}

function callOf({call, failovers}: CallRows): object {
  const parsed = JSON_COLUMNS.map(name => {
    const text = call[name];
    return [name, typeof text === 'string' ? (JSON.parse(text) as unknown) : null];
  });
  const whole = {failovers: failovers.length, parts: 1, partsSeen: [0], recordedAt: call.endedAt, tags: []};
  return {...call, ...Object.fromEntries(parsed), ...whole};
}

async function insert(db: Kysely<Schema>, table: string, rows: readonly object[]): Promise<void> {
  if (rows.length === 0) return;
  const json = JSON.stringify(
    rows.map(row => Object.fromEntries(Object.entries(row).map(([key, value]) => [columnName(key), value]))),
  );
  const target = sql.table(table);
  await sql`INSERT INTO ${target} SELECT * FROM json_populate_recordset(NULL::${target}, ${json}::json)`.execute(db);
}
