/** Exports what is due, as analytics does at night, in a process of its own that a test can kill: `node export-process.ts TODAY`. */
import {openRecordingStore} from '@voicebridge/shared/recordings/recordings-url.ts';
import {openPostgres} from '../database/database.ts';
import {wantDays} from '../exports/export-rows.ts';
import {exportNext} from '../exports/keep-exports.ts';

const {DATABASE_URL = '', ...env} = process.env;
const store = openRecordingStore(env);
if (!store) throw new Error('RECORDINGS_URL is missing');
await using database = openPostgres(DATABASE_URL);
await wantDays(database.kysely, process.argv[2] ?? '');
while (await exportNext(database.kysely, store));
