import {sql} from 'kysely';
import {openEmbedded} from '../database/database.ts';

/** Every row of every table in the embedded database of a folder, as text, for looking whether it holds what it must not. */
export async function everythingStored(folder: string): Promise<string> {
  await using database = await openEmbedded(folder);
  const {rows: tables} = await sql<{name: string}>`
    SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'`.execute(database.kysely);
  const texts: string[] = [];
  for (const {name} of tables) {
    const {rows} = await sql`SELECT * FROM ${sql.table(name)}`.execute(database.kysely);
    texts.push(JSON.stringify(rows));
  }
  return texts.join('\n');
}
