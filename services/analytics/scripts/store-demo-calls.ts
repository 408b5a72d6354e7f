import type {CallFinished} from '@voicebridge/shared/cdr/call-record.ts';
import {CannotStart} from '@voicebridge/shared/errors.ts';
import {sql, type Kysely} from 'kysely';
import {columnName} from '../src/database/column-name.ts';
import type {Database} from '../src/database/database.ts';
import {markAsDemo} from '../src/database/demo-mark.ts';
import type {Schema} from '../src/database/schema.ts';
import {callRows, type CallRows} from '../src/ingest/call-rows.ts';
import {noteWaitAtHangUp} from '../src/ingest/wait-at-hang-up.ts';

const CALLS_PER_BATCH = 2_000;
/** By these the rows of a call differ from those of the same call at another time; so few that nothing else needs to be sent. */
const OF_CALL = ['call_sid', 'started_at'];

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
 * records, and sent as JSON: one parameter for thousands of them. A call that is stored again at another time shares the lists of
 * its record with the first one: what hangs on it is sent once, and the database copies it.
 */
export async function storeDemoCalls(
  database: Database,
  {records, simulated, words, progress}: DemoCalls,
): Promise<{readonly calls: number; readonly turns: number}> {
  await requireEmpty(database);
  const db = database.kysely;
  let [calls, turns] = [0, 0];
  const tables = Object.keys(HANGING).filter(name => words || name !== 'transcripts');
  await db.connection().execute(async one => {
    const columns = await Promise.all(tables.map(async name => [name, await columnsToCopy(one, name)] as const));
    for (const name of tables) await sql`CREATE TEMPORARY TABLE ${copies(name)} (LIKE ${sql.table(name)})`.execute(one);
    const first = new Map<CallFinished['turns'], string>();
    for (const some of batchesOf(records)) {
      const news = some.filter(({turns: list, summary}) => !first.has(list) && first.set(list, summary.callSid));
      await one.transaction().execute(async tx => {
        await insert(tx, sql.table('calls'), 'calls', some.map(callOf));
        for (const name of tables)
          await insert(tx, copies(name), name, news.map(wholeRows).flatMap(HANGING[name] ?? (() => [])));
        const batch = JSON.stringify(
          some.map(({turns: list, summary: {callSid, startedAt}}) => ({
            call_sid: callSid,
            started_at: new Date(startedAt),
            like_sid: first.get(list),
          })),
        );
        for (const [name, names] of columns) await copy(tx, name, names, batch);
      });
      calls += some.length;
      turns += some.reduce((sum, record) => sum + record.turns.length, 0);
      progress(calls);
    }
    for (const name of tables) await sql`DROP TABLE ${copies(name)}`.execute(one);
  });
  await noteWaitAtHangUp(db);
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

function callOf(record: CallFinished): object {
  const {call, failovers} = wholeRows({...record, turns: [], interruptions: [], toolCalls: [], transcript: []});
  const parsed = JSON_COLUMNS.map(name => {
    const text = call[name];
    return [name, typeof text === 'string' ? (JSON.parse(text) as unknown) : null];
  });
  const whole = {failovers: failovers.length, parts: 1, partsSeen: [0], recordedAt: call.endedAt, tags: []};
  return {...call, ...Object.fromEntries(parsed), ...whole};
}

/** Where the rows of the calls that are stored again are kept meanwhile. */
const copies = (table: string) => sql.table(`demo_${table}`);

/** The columns that a call stored again has as it was. */
async function columnsToCopy(db: Kysely<Schema>, table: string): Promise<string[]> {
  const {rows} = await sql<{name: string}>`SELECT column_name AS name FROM information_schema.columns
    WHERE table_schema = current_schema() AND table_name = ${table} ORDER BY ordinal_position`.execute(db);
  return rows.map(({name}) => name).filter(name => !OF_CALL.includes(name));
}

/** Stores what hangs on each call of a batch, as it hangs on the call that it is like. */
async function copy(db: Kysely<Schema>, table: string, columns: readonly string[], batch: string): Promise<void> {
  const names = sql.join(columns.map(name => sql.id(name)));
  const theirs = sql.join(columns.map(name => sql.id('theirs', name)));
  const own = sql.join(OF_CALL.map(name => sql.id('one', name)));
  await sql`INSERT INTO ${sql.table(table)} (${sql.join(OF_CALL.map(name => sql.id(name)))}, ${names})
    SELECT ${own}, ${theirs}
    FROM json_to_recordset(${batch}::json) AS one(call_sid text, started_at timestamptz, like_sid text)
    JOIN ${copies(table)} AS theirs ON theirs.call_sid = one.like_sid`.execute(db);
}

async function insert(
  db: Kysely<Schema>,
  target: ReturnType<typeof sql.table>,
  table: string,
  rows: readonly object[],
): Promise<void> {
  if (rows.length === 0) return;
  const json = JSON.stringify(
    rows.map(row => Object.fromEntries(Object.entries(row).map(([key, value]) => [nameOf(key), value]))),
  );
  await sql`INSERT INTO ${target} SELECT * FROM json_populate_recordset(NULL::${sql.table(table)}, ${json}::json)`.execute(
    db,
  );
}

const known = new Map<string, string>();

/** As `columnName`, which is slow for a million rows. */
function nameOf(key: string): string {
  const name = known.get(key) ?? columnName(key);
  known.set(key, name);
  return name;
}
