import {afterAll, inject} from 'vitest';
import {openPostgres} from '../database/database.ts';
import {describeExports} from './exports.contract.ts';
import {testPostgres} from '../testing/test-postgres.ts';

const postgres = await testPostgres(inject('postgres'))?.();
afterAll(() => postgres?.[Symbol.asyncDispose]());

describeExports(
  postgres?.version ?? 'PostgreSQL: skipped, because neither a Docker engine nor initdb is here (install postgresql)',
  postgres && (async () => openPostgres(postgres.url)),
);
