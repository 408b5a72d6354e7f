import {sql, type Kysely} from 'kysely';
import {z} from 'zod';
import {BadQuestion} from './bad-question.ts';
import {FacetFilter, matchesFacets} from './call-filter.ts';
import {missingBefore, MissingBefore} from './missing-before.ts';
import type {Schema} from '../database/schema.ts';

const BAD_ZONE = 'must be a time zone of the IANA database, such as Europe/Oslo';
/** Names only: PostgreSQL reads the sign of an offset such as `+01:00` the other way round. */
const NAME = /^[A-Za-z]\w*(?:[/+-]\w+)*$/;

export const CallsByHourQuery = FacetFilter.extend({
  zone: z
    .string()
    .refine(name => NAME.test(name) && isZone(name), BAD_ZONE)
    .default('UTC')
    .meta({description: 'the time zone of the hours, with its summer time', examples: ['Europe/Oslo']}),
});
export type CallsByHourQuery = z.infer<typeof CallsByHourQuery>;

export const CallsByHourAnswer = z.object({
  zone: z.string(),
  missingBefore: MissingBefore,
  hours: z
    .array(
      z.object({
        weekday: z.number().int().describe('1 is Monday, 7 is Sunday'),
        hour: z.number().int().describe('0 to 23'),
        count: z.number().int().describe('calls that started in this hour'),
      }),
    )
    .describe('hours of the week in which a call started'),
});
export type CallsByHourAnswer = z.infer<typeof CallsByHourAnswer>;

/** How many calls started in each hour of the week: at most 168 numbers, however long the time is. */
export async function callsByHour(db: Kysely<Schema>, query: CallsByHourQuery): Promise<CallsByHourAnswer> {
  const local = sql`started_at AT TIME ZONE ${query.zone}`;
  const {rows: hours} = await sql<CallsByHourAnswer['hours'][number]>`
    SELECT extract(isodow FROM at)::integer AS weekday, extract(hour FROM at)::integer AS hour, count(*)::integer AS count
    FROM (SELECT ${local} AS at FROM calls WHERE ${matchesFacets(query)}) AS started
    GROUP BY 1, 2 ORDER BY 1, 2`
    .execute(db)
    .catch((thrown: unknown) => {
      // Its list of zones may be older than ours.
      if (thrown instanceof Error && 'code' in thrown && thrown.code === '22023')
        throw new BadQuestion({
          error: `the database does not know the time zone ${query.zone}`,
          field: 'zone',
          cure: 'ask for UTC',
        });
      throw thrown;
    });
  return {zone: query.zone, missingBefore: await missingBefore(db, ['calls'], query.from), hours};
}

function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', {timeZone: name}) instanceof Intl.DateTimeFormat;
  } catch {
    return false;
  }
}
