import {FAILOVER_FIGURES} from '@voicebridge/shared/cdr/failover-figures.ts';
import {INTERRUPTION_FIGURES} from '@voicebridge/shared/cdr/interruption-figures.ts';
import {TOOL_CALL_FIGURES} from '@voicebridge/shared/cdr/tool-call-figures.ts';
import {TURN_FIGURES} from '@voicebridge/shared/cdr/turn-figures.ts';
import {sql} from 'kysely';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {columnName} from './column-name.ts';
import {openEmbedded, type Database} from './database.ts';
import {columnsOf} from './figure-columns.ts';
import {dataFolder} from '../testing/running-analytics.ts';

const ends = new AsyncDisposableStack();
let database: Database;
beforeAll(async () => {
  const folder = ends.use(await dataFolder());
  database = ends.use(await openEmbedded(folder.path));
  await database.prepare();
}, 60_000);
afterAll(() => ends.disposeAsync());

async function columnsOfTable(table: string): Promise<string[]> {
  const {rows} = await sql<{name: string}>`
    SELECT column_name AS name FROM information_schema.columns WHERE table_name = ${table}`.execute(database.kysely);
  return rows.map(({name}) => name);
}

/** What every row has beside its figures. */
const FACETS = ['call_sid', 'started_at', 'assistant', 'assistant_version', 'model', 'worker'];

test.each([
  ['turns', columnsOf(TURN_FIGURES)],
  ['interruptions', columnsOf(INTERRUPTION_FIGURES)],
  ['tool_calls', columnsOf(TOOL_CALL_FIGURES)],
  ['failovers', columnsOf(FAILOVER_FIGURES)],
])('the table %s has a column for each figure that is described, and no other', async (table, columns) => {
  const described = new Set([...FACETS, ...columns.map(columnName)]);
  const message = 'add a migration to services/analytics/migrations';
  expect((await columnsOfTable(table)).toSorted(), message).toEqual([...described].toSorted());
});

test('an analyst with tools of their own finds every figure of a turn in v_turns', async () => {
  const message = 'add the column to v_turns in the migration';
  expect(await columnsOfTable('v_turns'), message).toEqual(
    expect.arrayContaining(columnsOf(TURN_FIGURES).map(columnName)),
  );
});
