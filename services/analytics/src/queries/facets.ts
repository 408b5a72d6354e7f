import {sql, type Kysely} from 'kysely';
import {z} from 'zod';
import type {Schema} from '../database/schema.ts';

const names = z.array(z.string());

/** The values that the filters can have. */
export const FacetsAnswer = z.object({
  assistants: names,
  versions: z
    .array(
      z.object({assistant: z.string(), version: z.string(), first: z.string().describe('start of its first call')}),
    )
    .describe('versions of assistants, the newest first'),
  models: names,
  workers: names,
  tags: names.describe('what analysts put on calls'),
  outcomes: names.describe('fields and values of outcomes, such as booked:true, of the last 2000 calls that have one'),
  first: z.string().nullable().describe('start of the oldest call'),
  last: z.string().nullable().describe('start of the newest call'),
});
export type FacetsAnswer = z.infer<typeof FacetsAnswer>;

/**
 * A table, such as `models`, of each value of a column, in order: from one value to the next through the column's index.
 * PostgreSQL would read every call for `SELECT DISTINCT`.
 */
const steps = (name: 'assistant' | 'model' | 'worker') => {
  const [table, column] = [sql.ref(`${name}s`), sql.ref(name)];
  return sql`${table} AS (
        (SELECT ${column} FROM calls ORDER BY 1 LIMIT 1)
        UNION ALL
        SELECT next.* FROM ${table} AS last,
          LATERAL (SELECT ${column} FROM calls WHERE ${column} > last.${column} ORDER BY 1 LIMIT 1) AS next
      )`;
};

/** The assistants, their versions, models and workers in the database (at most 200 of each), and the time that its calls span. */
export async function facets(db: Kysely<Schema>): Promise<FacetsAnswer> {
  const {rows} = await sql<{
    assistants: string[];
    versions: {assistant: string; version: string; first: string}[] | null;
    models: string[];
    workers: string[];
    outcomes: string[];
    tags: string[];
    first: Date | null;
    last: Date | null;
  }>`
    WITH RECURSIVE ${steps('assistant')}, ${steps('model')}, ${steps('worker')},
      versions AS (
        (SELECT assistant, assistant_version, started_at FROM calls WHERE assistant_version IS NOT NULL
          ORDER BY assistant, assistant_version, started_at LIMIT 1)
        UNION ALL
        SELECT next.* FROM versions AS last, LATERAL (
          SELECT assistant, assistant_version, started_at FROM calls
          WHERE assistant_version IS NOT NULL AND (assistant, assistant_version) > (last.assistant, last.assistant_version)
          ORDER BY assistant, assistant_version, started_at LIMIT 1) AS next
      )
    SELECT array(SELECT assistant FROM assistants ORDER BY 1 LIMIT 200) AS assistants,
      (SELECT json_agg(known) FROM (
        SELECT assistant, assistant_version AS version, to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS first
        FROM versions ORDER BY started_at DESC LIMIT 200) AS known) AS versions,
      array(SELECT model FROM models ORDER BY 1 LIMIT 200) AS models,
      array(SELECT worker FROM workers, LATERAL (SELECT max(started_at) AS at FROM calls WHERE calls.worker = workers.worker) AS seen
        ORDER BY at DESC LIMIT 200) AS workers,
      array(SELECT DISTINCT key || ':' || left(value, 200) FROM
        (SELECT outcome FROM calls WHERE outcome IS NOT NULL ORDER BY started_at DESC LIMIT 2000) AS last,
        jsonb_each_text(last.outcome) WHERE jsonb_typeof(last.outcome -> key) <> 'number'
        ORDER BY 1 LIMIT 200) AS outcomes,
      array(SELECT DISTINCT unnest(tags) FROM calls WHERE tags <> '{}' ORDER BY 1 LIMIT 200) AS tags,
      (SELECT min(started_at) FROM calls) AS first,
      (SELECT max(started_at) FROM calls) AS last`.execute(db);
  const [row] = rows;
  return {
    assistants: row?.assistants ?? [],
    versions: row?.versions ?? [],
    models: row?.models ?? [],
    workers: row?.workers ?? [],
    outcomes: row?.outcomes ?? [],
    tags: row?.tags ?? [],
    first: row?.first?.toISOString() ?? null,
    last: row?.last?.toISOString() ?? null,
  };
}
