import {readdir, readFile} from 'node:fs/promises';

/** One transaction of a database, able to run several statements at once. */
export interface MigrationTransaction {
  run(sql: string): Promise<void>;
  read(sql: string): Promise<readonly {readonly name: string}[]>;
}

const FOLDER = new URL('../../migrations/', import.meta.url);

/** Advisory lock: processes that start at the same time migrate one after the other. */
const LOCK = 5_054;

/** Runs the migrations that have not run yet, in the order of their file names, all or none. */
export async function migrate(tx: MigrationTransaction): Promise<void> {
  await tx.run(`SELECT pg_advisory_xact_lock(${LOCK})`);
  await tx.run(
    'CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())',
  );
  const done = new Set((await tx.read('SELECT name FROM schema_migrations')).map(row => row.name));
  const files = (await readdir(FOLDER)).filter(name => /^\d{4}-[a-z0-9-]+\.sql$/.test(name)).toSorted();
  for (const name of files.filter(name => !done.has(name))) {
    await tx.run(await readFile(new URL(name, FOLDER), 'utf8'));
    await tx.run(`INSERT INTO schema_migrations (name) VALUES ('${name}')`);
  }
}
