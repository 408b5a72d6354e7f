import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {fileURLToPath} from 'node:url';
import {gunzipSync} from 'node:zlib';
import {BUCKET_KEY, FakeBucket} from '@voicebridge/shared/testing/fake-bucket.ts';
import {sql} from 'kysely';
import {expect, inject, onTestFinished, test} from 'vitest';
import {openPostgres} from '../database/database.ts';
import {storeCall} from '../ingest/store-call.ts';
import {FIRST, finishedCall} from '../testing/finished-call.ts';
import {testPostgres} from '../testing/test-postgres.ts';
import {EXPORTED, exportKey} from './export-day.ts';
import {exportsWaiting} from './export-rows.ts';

const PROGRAM = fileURLToPath(new URL('../testing/export-process.ts', import.meta.url));
const start = testPostgres(inject('postgres'));
const CALLS = 40;
const day = new Date(FIRST).toISOString().slice(0, 10);
const dayAfter = new Date(FIRST + 86_400_000).toISOString().slice(0, 10);

test.skipIf(start === undefined)(
  'a process that is killed while it exports a day to a bucket leaves no half file, and the next one exports it whole, once',
  async () => {
    await using postgres = await start!();
    await using database = openPostgres(postgres.url);
    await using bucket = await FakeBucket.open();
    const {kysely: db} = database;
    await database.prepare();
    for (let number = 1; number <= CALLS; number += 1) await storeCall(db, finishedCall({number}));

    const run = (): ChildProcess => {
      const child = spawn(process.execPath, [PROGRAM, dayAfter], {
        env: {
          ...process.env,
          DATABASE_URL: postgres.url,
          RECORDINGS_URL: bucket.url,
          AWS_ACCESS_KEY_ID: BUCKET_KEY.id,
          AWS_SECRET_ACCESS_KEY: BUCKET_KEY.secret,
        },
        stdio: 'inherit',
      });
      onTestFinished(() => void child.kill('SIGKILL'));
      return child;
    };
    const objects = () => [...bucket.objects.keys()].toSorted();
    const keys = EXPORTED.map(table => `by-day/${exportKey(table, day)}`).toSorted();
    const lines = (table: (typeof EXPORTED)[number]) => {
      const text = gunzipSync(bucket.objects.get(`by-day/${exportKey(table, day)}`) ?? Buffer.alloc(0)).toString();
      return text.split('\n').filter(line => line !== '');
    };

    // Killed while the third of five files is on its way.
    const third = Promise.withResolvers<void>();
    const never = Promise.withResolvers<void>();
    let puts = 0;
    bucket.beforePut = async () => {
      puts += 1;
      if (puts !== 3) return;
      third.resolve();
      await never.promise;
    };
    const killed = run();
    await third.promise;
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    expect(objects()).toHaveLength(2);
    // The calls come last: whoever sees them finds what belongs to them.
    expect(objects().join()).not.toContain('exports/calls/');
    expect(await exportsWaiting(db)).toMatchObject({days: 1});

    // Nobody else takes the day until the claim of the dead process has run out.
    bucket.beforePut = async () => {};
    const early = run();
    expect(await once(early, 'exit')).toEqual([0, null]);
    expect(objects()).toHaveLength(2);
    await sql`UPDATE exports SET look_at = look_at - interval '10 minutes'`.execute(db);

    const next = run();
    expect(await once(next, 'exit')).toEqual([0, null]);
    expect(objects()).toEqual(keys);
    expect(lines('calls')).toHaveLength(CALLS);
    expect(new Set(lines('calls')).size).toBe(CALLS);
    expect(lines('turns').length).toBeGreaterThanOrEqual(CALLS);
    expect(await exportsWaiting(db)).toEqual({days: 0, seconds: 0});
    const before = new Map(bucket.puts);
    const again = run();
    expect(await once(again, 'exit')).toEqual([0, null]);
    expect(bucket.puts).toEqual(before);
    expect(bucket.refused).toEqual([]);
    never.resolve();
  },
);
