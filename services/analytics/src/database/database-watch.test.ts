import {createLog} from '@voicebridge/shared/observability/log.ts';
import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import {DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler} from 'kysely';
import {expect, test} from 'vitest';
import {DatabaseWatch} from './database-watch.ts';
import type {Schema} from './schema.ts';

/** Answers every question, as a database with a full disk does. */
const answering = () =>
  new Kysely<Schema>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: db => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  });

test('an operator whose disk is full reads one line, one more each minute, and one when there is space again', async () => {
  const clock = new FakeClock();
  const lines: string[] = [];
  const log = createLog('analytics', {to: {write: line => void lines.push(JSON.parse(line).msg)}});
  const database = {
    kind: 'embedded' as const,
    kysely: answering(),
    prepare: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
  await using watch = new DatabaseWatch(database, clock, log);
  await watch.start();
  const stop = new AbortController();
  let failures = 0;
  // Records wait: each time the database is believed to be back, one is stored, and that fails.
  const until = clock.now() + 130_000;
  while (clock.now() < until) {
    if (watch.reason === undefined) {
      await watch.ready(stop.signal);
      failures += 1;
      watch.lost(new Error('could not extend file: No space left on device'));
    }
    await clock.advanceAsync(50, 50);
  }
  const away = 'database is unavailable; records wait in the queue, nothing is lost';
  expect(lines).toEqual([away, 'database is still unavailable', 'database is still unavailable']);
  expect(failures).toBeLessThan(80);
  await clock.advanceAsync(10_000, 100);
  expect(lines.slice(3)).toEqual(['database is back']);
});
