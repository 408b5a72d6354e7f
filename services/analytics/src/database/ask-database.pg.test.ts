import {Client} from 'pg';
import {expect, test} from 'vitest';
import {findPostgres, privatePostgres} from '../testing/private-postgres.ts';
import {askDatabase} from './ask-database.ts';

const bin = await findPostgres();

test.skipIf(bin === undefined)(
  'an operator learns what the database of a user is, and what that user may do',
  async () => {
    await using postgres = await privatePostgres(bin!);
    expect(await askDatabase(postgres.url)).toMatchObject({mayCreate: true, isStandby: false});
    const operator = new Client(postgres.url);
    await operator.connect();
    await operator.query('REVOKE CREATE ON SCHEMA public FROM public');
    await operator.query('CREATE ROLE reader LOGIN');
    await operator.end();
    const asReader = postgres.url.replace(/\/\/[^@]*@/, '//reader@');
    expect(asReader).toContain('reader@');
    const {mayCreate, major, freeConnections} = await askDatabase(asReader);
    expect({mayCreate, isNew: major >= 14, isFree: freeConnections > 16}).toEqual({
      mayCreate: false,
      isNew: true,
      isFree: true,
    });
  },
);
