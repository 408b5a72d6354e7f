import {afterAll} from 'vitest';
import {openPostgres} from './database.ts';
import {describeStore} from './store.contract.ts';
import {findPostgres, privatePostgres} from '../testing/private-postgres.ts';

const bin = await findPostgres();
const postgres = bin === undefined ? undefined : await privatePostgres(bin);
afterAll(() => postgres?.[Symbol.asyncDispose]());

describeStore(
  postgres?.version ?? 'PostgreSQL: skipped, because this machine has no initdb (install postgresql)',
  postgres && (async () => openPostgres(postgres.url)),
);
