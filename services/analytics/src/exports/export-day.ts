import {createGzip} from 'node:zlib';
import {Readable, Writable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {FAILOVER_FIGURES} from '@voicebridge/shared/cdr/failover-figures.ts';
import {INTERRUPTION_FIGURES} from '@voicebridge/shared/cdr/interruption-figures.ts';
import {TOOL_CALL_FIGURES} from '@voicebridge/shared/cdr/tool-call-figures.ts';
import {TURN_FIGURES} from '@voicebridge/shared/cdr/turn-figures.ts';
import type {RecordingStore} from '@voicebridge/shared/recordings/recording-store.ts';
import {sql, type Kysely} from 'kysely';
import {columnsOf} from '../database/figure-columns.ts';
import type {Schema} from '../database/schema.ts';
import {callOf} from '../queries/list-calls.ts';
import {tidyNumbers} from '../queries/tidy-number.ts';

/** What an export has. Each table is an object of its own for each day. */
export const EXPORTED = ['calls', 'turns', 'interruptions', 'tool_calls', 'failovers'] as const;
export type ExportedTable = (typeof EXPORTED)[number];

export const EXPORTS = 'exports/';
const PAGE = 1_000;
const DAY = 86_400_000;
const KEY = /^exports\/([a-z_]+)\/(\d{4}-\d{2}-\d{2})\.jsonl\.gz$/;

export const exportKey = (table: ExportedTable, day: string) => `${EXPORTS}${table}/${day}.jsonl.gz`;

/** The table and the day of an object; undefined if it is none of ours. */
export function readExportKey(key: string): {readonly table: ExportedTable; readonly day: string} | undefined {
  const [, name, day] = KEY.exec(key) ?? [];
  const table = EXPORTED.find(each => each === name);
  return table === undefined || day === undefined ? undefined : {table, day};
}

/**
 * Writes the calls that began on a day, a line of JSON for each row, in a fixed order: the same rows are the same bytes. What was said and noted,
 * telephone numbers, and what tools were asked and answered are not in it, as in every file of the API. Returns when the newest of the records came.
 */
export async function exportDay(db: Kysely<Schema>, store: RecordingStore, day: string): Promise<Date | undefined> {
  const newest = await newestRecord(db, day);
  // The calls at last: whoever sees them finds what belongs to them.
  for (const table of EXPORTED.toReversed())
    await store.put(exportKey(table, day), await zipped(LINES[table](db, day)));
  return newest;
}

const LINES: Readonly<Record<ExportedTable, (db: Kysely<Schema>, day: string) => AsyncIterable<string>>> = {
  calls: callLines,
  turns: (db, day) => partLines(db, day, {table: 'turns', number: 'turn', columns: columnsOf(TURN_FIGURES)}),
  interruptions: (db, day) =>
    partLines(db, day, {
      table: 'interruptions',
      number: 'interruption',
      columns: columnsOf(INTERRUPTION_FIGURES),
    }),
  tool_calls: (db, day) =>
    partLines(db, day, {
      table: 'tool_calls',
      number: 'toolCall',
      columns: columnsOf(TOOL_CALL_FIGURES).filter(column => column !== 'arguments' && column !== 'result'),
    }),
  failovers: (db, day) =>
    partLines(db, day, {table: 'failovers', number: 'failover', columns: columnsOf(FAILOVER_FIGURES)}),
};

async function* callLines(db: Kysely<Schema>, day: string): AsyncGenerator<string> {
  let after: {startedAt: Date; callSid: string} | undefined;
  for (;;) {
    const last = after;
    let select = db
      .selectFrom('calls')
      .selectAll()
      .where('startedAt', '>=', from(day))
      .where('startedAt', '<', to(day));
    if (last)
      select = select.where(eb => eb(eb.refTuple('startedAt', 'callSid'), '>', eb.tuple(last.startedAt, last.callSid)));
    const rows = await select.orderBy('startedAt').orderBy('callSid').limit(PAGE).execute();
    if (rows.length > 0) yield rows.map(row => `${JSON.stringify(callOf(row), tidyNumbers)}\n`).join('');
    after = rows.at(-1);
    if (rows.length < PAGE) return;
  }
}

interface Part {
  readonly table: string;
  /** The column that counts the rows of a call. */
  readonly number: string;
  readonly columns: readonly string[];
}

async function* partLines(db: Kysely<Schema>, day: string, {table, number, columns}: Part): AsyncGenerator<string> {
  const all = ['callSid', 'startedAt', ...columns];
  const key = sql.join(['startedAt', 'callSid', number].map(name => sql.ref(name)));
  let after: Record<string, unknown> | undefined;
  for (;;) {
    const beyond = after ? sql`AND (${key}) > (${after['startedAt']}, ${after['callSid']}, ${after[number]})` : sql``;
    const {rows} = await sql<Record<string, unknown>>`
      SELECT ${sql.join(all.map(name => sql.ref(name)))} FROM ${sql.table(table)}
      WHERE started_at >= ${from(day)} AND started_at < ${to(day)} ${beyond} ORDER BY ${key} LIMIT ${sql.lit(PAGE)}`.execute(
      db,
    );
    if (rows.length > 0) yield rows.map(row => `${JSON.stringify(row, tidyNumbers)}\n`).join('');
    after = rows.at(-1);
    if (rows.length < PAGE) return;
  }
}

async function newestRecord(db: Kysely<Schema>, day: string): Promise<Date | undefined> {
  const {newest} = await db
    .selectFrom('calls')
    .select(({fn}) => fn.max('recordedAt').as('newest'))
    .where('startedAt', '>=', from(day))
    .where('startedAt', '<', to(day))
    .executeTakeFirstOrThrow();
  return newest ?? undefined;
}

/** The lines as gzip, which of the same lines makes the same bytes. */
async function zipped(lines: AsyncIterable<string>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const collect = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  await pipeline(Readable.from(lines), createGzip(), collect);
  return Buffer.concat(chunks);
}

const from = (day: string) => new Date(`${day}T00:00:00Z`);
const to = (day: string) => new Date(from(day).getTime() + DAY);
