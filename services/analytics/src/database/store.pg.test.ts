import {afterAll, inject} from 'vitest';
import {openPostgres} from './database.ts';
import {describeStore} from './store.contract.ts';
import {testPostgres} from '../testing/test-postgres.ts';

const postgres = await testPostgres(inject('postgres'))?.();
afterAll(() => postgres?.[Symbol.asyncDispose]());

describeStore(
  postgres?.version ?? 'PostgreSQL: skipped, because neither a Docker engine nor initdb is here (install postgresql)',
  postgres && (async () => openPostgres(postgres.url)),
);
