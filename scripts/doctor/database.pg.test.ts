import {describe, expect, inject, test} from 'vitest';
import {testPostgres} from '../../services/analytics/src/testing/test-postgres.ts';
import {checkDatabase} from './database.ts';

const startPostgres = testPostgres(inject('postgres'));

describe.skipIf(!startPostgres)('an operator who asks about the database (needs PostgreSQL)', {timeout: 60_000}, () => {
  test('learns its version and speed, and that it is down', async () => {
    await using postgres = await startPostgres!();
    // Fine or a warning: that depends on how busy this machine is.
    expect(await checkDatabase({databaseUrl: postgres.url})).toMatchObject([
      {what: expect.stringMatching(/^PostgreSQL \d+.* at .*: ?\d*, answers in [\d.]+ ms$/)},
    ]);
    await postgres.kill();
    expect(await checkDatabase({databaseUrl: postgres.url})).toMatchObject([
      {level: 'broken', what: expect.stringMatching(/^no PostgreSQL at /)},
    ]);
  });
});

test('an operator without a database is told where records go', async () => {
  expect(await checkDatabase({databaseUrl: undefined})).toMatchObject([{level: 'skipped'}]);
});
