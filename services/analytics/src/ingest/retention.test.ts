import {createLog} from '@voicebridge/shared/observability/log.ts';
import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import {sql} from 'kysely';
import {expect, test} from 'vitest';
import {DatabaseWatch} from '../database/database-watch.ts';
import {openEmbedded} from '../database/database.ts';
import {storeCall} from './store-call.ts';
import {keepRetention} from './retention.ts';
import {FIRST, finishedCall} from '../testing/finished-call.ts';
import {dataFolder, until} from '../testing/running-analytics.ts';

const MINUTE = 60_000;

test(
  'soon after the start the embedded database is vacuumed, so that index-only scans are possible',
  {timeout: 60_000},
  async () => {
    await using folder = await dataFolder();
    const clock = new FakeClock();
    const log = createLog('analytics', {level: 'silent'});
    await using database = new DatabaseWatch(await openEmbedded(folder.path), clock, log);
    await database.start();
    await storeCall(database.now, finishedCall({startedAt: FIRST}));
    const seenByAll = async () => {
      const {rows} = await sql<{pages: number}>`
      SELECT relallvisible AS pages FROM pg_class WHERE relname = 'turns'`.execute(database.now);
      return rows[0]?.pages;
    };
    expect(await seenByAll()).toBe(0);
    const stop = keepRetention(database, {calls: 0, turns: 0, transcripts: 0, recordings: 0}, clock, log);
    clock.advance(10 * MINUTE);
    expect(await until(seenByAll, pages => pages === 1)).toBe(1);
    stop();
  },
);
