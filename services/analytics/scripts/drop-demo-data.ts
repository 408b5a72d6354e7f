import {existsSync} from 'node:fs';
import {rm} from 'node:fs/promises';
import {CannotStart} from '@voicebridge/shared/errors.ts';
import {sql} from 'kysely';
import {type Database, openEmbedded} from '../src/database/database.ts';
import {demoMark} from '../src/database/demo-mark.ts';

/** Drops the folder of an embedded database with demo data; refuses any other. Returns how many calls that were. */
export async function dropFolder(folder: string): Promise<number> {
  if (!existsSync(folder)) throw new CannotStart(`There is no demo data in ${folder}.`);
  let calls: number;
  {
    await using database = await openEmbedded(folder);
    calls = await markedCalls(database, folder);
  }
  await rm(folder, {recursive: true, force: true});
  return calls;
}

/** Empties a PostgreSQL database with demo data; refuses any other. Returns how many calls that were. */
export async function dropCalls(database: Database): Promise<number> {
  const calls = await markedCalls(database, 'This database');
  await sql`TRUNCATE calls CASCADE`.execute(database.kysely);
  await sql`DROP TABLE demo_data`.execute(database.kysely);
  return calls;
}

async function markedCalls(database: Database, where: string): Promise<number> {
  const mark = await demoMark(database.kysely);
  if (!mark) throw new CannotStart(`${where} holds no demo data: nothing was dropped.`);
  return mark.calls;
}
