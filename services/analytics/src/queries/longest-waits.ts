import {TURN_FIGURES} from '@voicebridge/shared/cdr/turn-figures.ts';
import {sql, type Kysely} from 'kysely';
import {z} from 'zod';
import type {Schema} from '../database/schema.ts';
import {FacetFilter, matchesFacets} from './call-filter.ts';
import {MissingBefore, missingBefore} from './missing-before.ts';

export const LongestWaitsQuery = FacetFilter.extend({
  limit: z
    .string()
    .regex(/^\d{1,3}$/, 'must be a whole number, 1 to 100')
    .transform(Number)
    .refine(value => value >= 1 && value <= 100, 'must be a whole number, 1 to 100')
    .default(10)
    .describe('how many, 1 to 100; 10 if left out'),
});
export type LongestWaitsQuery = z.infer<typeof LongestWaitsQuery>;

const ms = (about: string) => z.number().nullable().describe(about);
const {platformTurnGapMs, toolMs, endOfTurnDelayMs, modelTtfbMs, hopUpMs, hopDownMs, audioStartedAt} = TURN_FIGURES;

export const LongestWaits = z.object({
  missingBefore: MissingBefore,
  waits: z
    .array(
      z.object({
        callSid: z.string(),
        turn: z.number().int(),
        startedAt: z.string().describe('when the call began: ISO 8601, UTC'),
        assistant: z.string(),
        worker: z.string(),
        waitMs: z.number().describe('how long the caller waited for the answer: platformTurnGapMs and toolMs'),
        audioStartedAtMs: ms(audioStartedAt.about),
        platformTurnGapMs: ms(platformTurnGapMs.about),
        toolMs: ms(toolMs.about),
        endOfTurnDelayMs: ms(endOfTurnDelayMs.about),
        modelTtfbMs: ms(modelTtfbMs.about),
        hopUpMs: ms(hopUpMs.about),
        hopDownMs: ms(hopDownMs.about),
      }),
    )
    .describe('the longest first'),
});
export type LongestWaits = z.infer<typeof LongestWaits>;

/** The turns whose callers waited longest for the answer, and where the time went. */
export async function longestWaits(db: Kysely<Schema>, {limit, ...filter}: LongestWaitsQuery): Promise<LongestWaits> {
  const wait = sql<number>`platform_turn_gap_ms + coalesce(tool_ms, 0)`;
  // The index on time has both figures: only the calls of the longest waits are read.
  const rows = await db
    .with('longest', one =>
      one
        .selectFrom('turns')
        .select(['startedAt', wait.as('waitMs')])
        .where(matchesFacets(filter))
        .where('platformTurnGapMs', 'is not', null)
        .orderBy(wait, 'desc')
        .limit(limit),
    )
    .selectFrom('turns')
    .select(['callSid', 'turn', 'startedAt', 'assistant', 'worker', wait.as('waitMs'), 'audioStartedAtMs'])
    .select(['platformTurnGapMs', 'toolMs', 'endOfTurnDelayMs', 'modelTtfbMs', 'hopUpMs', 'hopDownMs'])
    .where(matchesFacets(filter))
    .where('startedAt', 'in', eb => eb.selectFrom('longest').select('startedAt'))
    .where(wait, '>=', eb => eb.selectFrom('longest').select(({fn}) => fn.min('waitMs').as('least')))
    .orderBy(wait, 'desc')
    .orderBy('callSid')
    .limit(limit)
    .execute();
  return {
    missingBefore: await missingBefore(db, ['turns'], filter.from),
    waits: rows.map(row => ({...row, startedAt: row.startedAt.toISOString()})),
  };
}
