import {randomBytes} from 'node:crypto';
import {systemClock} from '@voicebridge/shared/time.ts';
import {DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler} from 'kysely';
import {expect, test} from 'vitest';
import type {Schema} from '../database/schema.ts';
import {Sessions} from './sessions.ts';

const madeUp = () => randomBytes(32).toString('base64url');

/** Sessions in a database without rows, and the statements that it is given. `isAway`: it fails. */
function sessionsOfNobody() {
  const statements: string[] = [];
  const state = {isAway: false};
  const kysely = new Kysely<Schema>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: db => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
    log: ({query}) => void statements.push(query.sql),
  });
  const database = {
    get now() {
      if (state.isAway) throw new Error('away');
      return kysely;
    },
  };
  return {sessions: new Sessions(database, systemClock), statements, state};
}

test('a thousand made-up cookies at the same time cost the database a few questions', async () => {
  const {sessions, statements} = sessionsOfNobody();
  const names = await Promise.all(Array.from({length: 1_000}, () => sessions.find(madeUp())));
  expect(new Set(names)).toEqual(new Set([undefined]));
  expect(statements.length).toBeLessThanOrEqual(4);
});

test('made-up cookies that come one after the other cost the database no more than fifty questions a second', async () => {
  const {sessions, statements} = sessionsOfNobody();
  const began = performance.now();
  for (let each = 0; each < 10; each += 1) await sessions.find(madeUp());
  expect(statements).toHaveLength(10);
  expect(performance.now() - began).toBeGreaterThan(9 * 18);
});

test('a database that fails is told to everyone who waits, and asked again for the next', async () => {
  const {sessions, state} = sessionsOfNobody();
  state.isAway = true;
  const asked = [sessions.find(madeUp()), sessions.isOpen(madeUp())];
  expect((await Promise.allSettled(asked)).map(({status}) => status)).toEqual(['rejected', 'rejected']);
  state.isAway = false;
  expect(await sessions.find(madeUp())).toBeUndefined();
});
