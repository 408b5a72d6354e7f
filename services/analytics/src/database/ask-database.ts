import {Client} from 'pg';

/** What a PostgreSQL says of itself, before anything is written to it. */
export interface DatabaseFacts {
  /** `17.2` */
  readonly version: string;
  readonly major: number;
  /** The time of a round trip, in milliseconds. */
  readonly took: number;
  /** Whether our user may make tables in the schema they go to. */
  readonly mayCreate: boolean;
  /** It takes no writes: a standby. */
  readonly isStandby: boolean;
  readonly freeConnections: number;
}

/** Asks the database of `url`, and changes nothing. Rejects if it does not answer or refuses. */
export async function askDatabase(url: string): Promise<DatabaseFacts> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: 5_000,
    query_timeout: 5_000,
    application_name: 'voicebridge-doctor',
  });
  client.on('error', () => {}); // the query that fails tells
  await client.connect();
  try {
    const began = performance.now();
    await client.query('SELECT 1');
    const took = performance.now() - began;
    const {rows} = await client.query<{
      version: string;
      number: number;
      may_create: boolean | null;
      standby: boolean;
      free: number;
    }>(`SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS number,
          has_schema_privilege(current_schema(), 'CREATE') AS may_create, pg_is_in_recovery() AS standby,
          current_setting('max_connections')::int - (SELECT count(*) FROM pg_stat_activity)::int AS free`);
    const [row] = rows;
    if (!row) throw new Error('it says nothing of itself');
    return {
      version: row.version,
      major: Math.floor(row.number / 10_000),
      took,
      mayCreate: row.may_create === true,
      isStandby: row.standby,
      freeConnections: row.free,
    };
  } finally {
    await client.end().catch(() => {});
  }
}
