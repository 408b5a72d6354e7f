import {sql, type Kysely} from 'kysely';
import {z} from 'zod';
import type {Schema} from '../database/schema.ts';

const names = z.array(z.string());

/** The values that the filters can have. */
export const FacetsAnswer = z.object({
  assistants: names,
  models: names,
  workers: names,
  outcomes: names.describe('fields and values of outcomes, such as booked:true, of the last 2000 calls that have one'),
  first: z.string().nullable().describe('start of the oldest call'),
  last: z.string().nullable().describe('start of the newest call'),
});
export type FacetsAnswer = z.infer<typeof FacetsAnswer>;

/** The assistants, models and workers in the database (at most 200 of each), and the time that its calls span. */
export async function facets(db: Kysely<Schema>): Promise<FacetsAnswer> {
  const {rows} = await sql<{
    assistants: string[];
    models: string[];
    workers: string[];
    outcomes: string[];
    first: Date | null;
    last: Date | null;
  }>`
    SELECT array(SELECT DISTINCT assistant FROM calls ORDER BY 1 LIMIT 200) AS assistants,
      array(SELECT DISTINCT model FROM calls ORDER BY 1 LIMIT 200) AS models,
      array(SELECT worker FROM calls GROUP BY worker ORDER BY max(started_at) DESC LIMIT 200) AS workers,
      array(SELECT DISTINCT key || ':' || left(value, 200) FROM
        (SELECT outcome FROM calls WHERE outcome IS NOT NULL ORDER BY started_at DESC LIMIT 2000) AS last,
        jsonb_each_text(last.outcome) WHERE jsonb_typeof(last.outcome -> key) <> 'number'
        ORDER BY 1 LIMIT 200) AS outcomes,
      (SELECT min(started_at) FROM calls) AS first,
      (SELECT max(started_at) FROM calls) AS last`.execute(db);
  const [row] = rows;
  return {
    assistants: row?.assistants ?? [],
    models: row?.models ?? [],
    workers: row?.workers ?? [],
    outcomes: row?.outcomes ?? [],
    first: row?.first?.toISOString() ?? null,
    last: row?.last?.toISOString() ?? null,
  };
}
