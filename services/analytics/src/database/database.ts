import {mkdir} from 'node:fs/promises';
import {join} from 'node:path';
import {CannotStart} from '@voicebridge/shared/errors.ts';
import {CamelCasePlugin, Kysely, PGliteDialect, PostgresDialect} from 'kysely';
import {Pool, TypeOverrides} from 'pg';
import {bufferMegabytes} from './buffer-size.ts';
import {lockFolder} from './folder-lock.ts';
import {migrate} from './migrate.ts';
import type {Schema} from './schema.ts';

/** PostgreSQL, in this process or elsewhere. The same SQL runs on both. */
export interface Database extends AsyncDisposable {
  readonly kind: 'embedded' | 'postgres';
  readonly kysely: Kysely<Schema>;
  /** Brings the tables up to date. Rejects while the database is away; may be called again. */
  prepare(): Promise<void>;
}

/** Statements are cancelled after this long, in milliseconds: a dashboard waits for them. */
const STATEMENT_TIMEOUT = 30_000;

/** Enough for the records that are being stored and the queries of open pages. */
const CONNECTIONS = 16;
const SETTINGS = {
  /** Percentiles sort; in memory where they can. */
  work_mem: '128MB',
  /** Indexes are in memory or on a solid-state disk, where random reads cost about as much as sequential ones. */
  random_page_cost: '1.1',
};

/** Counts arrive as bigint, and each of ours fits a JavaScript number. */
const BIGINT = 20;
const NUMERIC = 1700;

// Names inside JSON are those of assistants, and stay as they are: `why_not` is the name of a field.
const plugins = [new CamelCasePlugin({underscoreBetweenUppercaseLetters: true, maintainNestedObjectKeys: true})];

/** Opens the folder for this process alone. Throws `CannotStart` while another process has it. */
export async function openEmbedded(folder: string): Promise<Database> {
  const {PGlite, types: pgliteTypes} = await importPGlite();
  const lock = await lockFolder(folder);
  const files = join(folder, 'pg');
  await mkdir(files, {recursive: true});
  const buffers = await bufferMegabytes(join(files, 'base'));
  const pglite = await PGlite.create(files, {
    startParams: [...PGlite.defaultStartParams, '-c', `shared_buffers=${buffers}MB`],
    parsers: {[pgliteTypes.INT8]: Number, [pgliteTypes.NUMERIC]: Number},
  }).catch(async (thrown: unknown) => {
    await lock[Symbol.asyncDispose]();
    throw thrown;
  });
  for (const [name, value] of Object.entries(SETTINGS)) await pglite.exec(`SET ${name} = '${value}'`);
  const kysely = new Kysely<Schema>({dialect: new PGliteDialect({pglite}), plugins});
  return {
    kind: 'embedded',
    kysely,
    async prepare() {
      await pglite.transaction(async tx => {
        await migrate({
          run: async text => void (await tx.exec(text)),
          read: async text => (await tx.query<{name: string}>(text)).rows,
        });
      });
    },
    async [Symbol.asyncDispose]() {
      await pglite.close();
      await lock[Symbol.asyncDispose]();
    },
  };
}

/** An optional dependency: images for production do without it. */
async function importPGlite() {
  try {
    return await import('@electric-sql/pglite');
  } catch (thrown) {
    throw new CannotStart(
      'DATABASE_URL is not set, and the embedded database is not installed here. Set DATABASE_URL.',
      {
        cause: thrown,
      },
    );
  }
}

/**
 * Does not connect yet: the database may be away, at the start or later. `onError` gets the loss of a connection, which
 * may happen several times for one outage.
 */
export function openPostgres(url: string, onError: (error: Error) => void = () => {}): Database {
  const types = new TypeOverrides();
  types.setTypeParser(BIGINT, Number);
  types.setTypeParser(NUMERIC, Number);
  const pool = new Pool({
    connectionString: url,
    max: CONNECTIONS,
    types,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
    statement_timeout: STATEMENT_TIMEOUT,
    // Over a network that drops every packet, a query must still end.
    query_timeout: STATEMENT_TIMEOUT + 5_000,
    application_name: 'voicebridge-analytics',
    // Our statements are short: compiling them would cost more than it saves.
    options: Object.entries({...SETTINGS, jit: 'off'})
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(' '),
  });
  pool.on('error', onError);
  // The pool listens only to idle clients. One in use emits the loss of its connection too, besides failing its query.
  pool.on('connect', client => client.on('error', onError));
  const kysely = new Kysely<Schema>({dialect: new PostgresDialect({pool}), plugins});
  return {
    kind: 'postgres',
    kysely,
    async prepare() {
      const client = await pool.connect();
      try {
        await client.query('BEGIN');
        await migrate({
          run: async text => void (await client.query(text)),
          read: async text => (await client.query<{name: string}>(text)).rows,
        });
        await client.query('COMMIT');
        client.release();
      } catch (thrown) {
        client.release(true);
        throw thrown;
      }
    },
    async [Symbol.asyncDispose]() {
      await kysely.destroy();
      if (!pool.ended) await pool.end();
    },
  };
}
