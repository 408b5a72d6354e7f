import {Client} from 'pg';
import {expect, inject, test} from 'vitest';
import {testPostgres} from '../testing/test-postgres.ts';
import {askDatabase} from './ask-database.ts';

const startPostgres = testPostgres(inject('postgres'));

test.skipIf(!startPostgres)(
  'an operator learns what the database of a user is, and what that user may do',
  async () => {
    await using postgres = await startPostgres!();
    expect(await askDatabase(postgres.url)).toMatchObject({mayCreate: true, isStandby: false});
    const operator = new Client(postgres.url);
    await operator.connect();
    await operator.query('REVOKE CREATE ON SCHEMA public FROM public');
    await operator.query("CREATE ROLE reader LOGIN PASSWORD 'secret'");
    await operator.end();
    const asReader = postgres.url.replace(/\/\/[^@]*@/, '//reader:secret@');
    expect(asReader).toContain('reader:secret@');
    const {mayCreate, major, freeConnections} = await askDatabase(asReader);
    expect({mayCreate, isNew: major >= 14, isFree: freeConnections > 16}).toEqual({
      mayCreate: false,
      isNew: true,
      isFree: true,
    });
  },
);
