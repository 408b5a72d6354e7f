import {describe, expect, test} from 'vitest';
import {findPostgres, privatePostgres} from '../../services/analytics/src/testing/private-postgres.ts';
import {checkDatabase} from './database.ts';

const bin = await findPostgres();

describe.skipIf(bin === undefined)('an operator who asks about the database (needs initdb)', {timeout: 60_000}, () => {
  test('learns its version and speed, and that it is down', async () => {
    await using postgres = await privatePostgres(bin!);
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
