import {type Kysely, sql} from 'kysely';
import type {Schema} from './schema.ts';

/** What a database says that holds demo data. */
export interface DemoMark {
  /** How many different calls were simulated, and how many calls they became. */
  readonly simulated: number;
  readonly calls: number;
}

/** Marks a database: its calls were made by simulation, and all of them may be dropped. A table that no other database has. */
export async function markAsDemo(db: Kysely<Schema>, {simulated, calls}: DemoMark): Promise<void> {
  await sql`CREATE TABLE IF NOT EXISTS demo_data (simulated integer NOT NULL, calls integer NOT NULL)`.execute(db);
  await sql`DELETE FROM demo_data`.execute(db);
  await sql`INSERT INTO demo_data VALUES (${simulated}, ${calls})`.execute(db);
}

/** Undefined: the database is one of real calls. */
export async function demoMark(db: Kysely<Schema>): Promise<DemoMark | undefined> {
  const {rows} = await sql<{there: boolean}>`SELECT to_regclass('demo_data') IS NOT NULL AS there`.execute(db);
  if (rows[0]?.there !== true) return undefined;
  const mark = await sql<DemoMark>`SELECT simulated, calls FROM demo_data`.execute(db);
  return mark.rows[0];
}
