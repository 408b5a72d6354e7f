import {sql} from 'kysely';
import {expect, test} from 'vitest';
import {openEmbedded} from '../src/database/database.ts';
import {storeCall} from '../src/ingest/store-call.ts';
import {listCalls} from '../src/queries/list-calls.ts';
import {finishedCall, sidOf} from '../src/testing/finished-call.ts';
import {dataFolder} from '../src/testing/running-analytics.ts';
import {clearSeededCalls} from './clear-seeded-calls.ts';
import {seedDatabase} from './seed-database.ts';

const SEED = {turns: 300, days: 5, until: Date.UTC(2026, 10, 20), seed: 3, transcripts: 1};
const REAL_HASH = '0f3c5a7799b1d2e4c6a8031500000000';

test(
  'an analyst who clears seeded data keeps every real call, and learns how many calls were deleted',
  {timeout: 120_000},
  async () => {
    await using folder = await dataFolder();
    await using database = await openEmbedded(folder.path);
    const seeded = await seedDatabase(database, SEED);
    const real = [
      finishedCall({number: 1, startedAt: SEED.until - 1_000}),
      finishedCall({number: 2, summary: {callee: {hash: REAL_HASH, lastTwo: '07', number: null}}}),
    ];
    for (const call of real) await storeCall(database.kysely, call);

    expect(await clearSeededCalls(database)).toBe(seeded.calls);

    const {calls} = await listCalls(database.kysely, {limit: 1_000});
    expect(calls.map(call => call.callSid).toSorted()).toEqual([sidOf(1), sidOf(2)]);
    const {rows} = await sql<{table: string}>`
      SELECT 'turns' AS table FROM turns UNION ALL SELECT 'interruptions' FROM interruptions UNION ALL
      SELECT 'transcripts' FROM transcripts UNION ALL SELECT 'tool_calls' FROM tool_calls`.execute(database.kysely);
    expect(rows).toEqual([{table: 'turns'}, {table: 'turns'}, {table: 'turns'}, {table: 'turns'}]);
    expect(await clearSeededCalls(database)).toBe(0);
  },
);

test('an analyst who has cleared a database can seed it again', {timeout: 120_000}, async () => {
  await using folder = await dataFolder();
  await using database = await openEmbedded(folder.path);
  await seedDatabase(database, SEED);
  await expect(seedDatabase(database, SEED)).rejects.toThrow(/--clear/);
  await clearSeededCalls(database);
  expect((await seedDatabase(database, SEED)).calls).toBeGreaterThan(0);
});
