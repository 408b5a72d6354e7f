import type {OutcomeFields} from '@voicebridge/shared/cdr/outcome.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import type {Kysely} from 'kysely';
import type {Schema} from '../database/schema.ts';
import type {AskModel} from './ask-model.ts';
import {askAgainAt, fieldsOf, fillIn, fillOf, giveUp, heardOf} from './outcome-fills.ts';

/** What became of one attempt. `later`: the model is asked again at this time, in Unix milliseconds. */
export type FillAttempt =
  | {readonly outcome: 'filled' | 'failed' | 'known'; readonly problem?: string}
  | {readonly outcome: 'later'; readonly at: Millis};

export interface FillDeps {
  /** Undefined: no model is configured any more. */
  readonly ask: AskModel | undefined;
  readonly clock: Pick<Clock, 'wall'>;
}

/** How long to wait after each answer that is none. After the last it is given up. */
const WAITS: readonly Millis[] = [5_000, 20_000, 60_000];

/** Asks a model once for the open fields of a call. Rejects only if the database fails. */
export async function fillOutcome(db: Kysely<Schema>, callSid: string, {ask, clock}: FillDeps): Promise<FillAttempt> {
  const fill = await fillOf(db, callSid);
  if (fill?.state !== 'waiting') return {outcome: 'known'};
  const givenUp = async (problem: string): Promise<FillAttempt> => {
    await giveUp(db, fill, clock.wall(), problem);
    return {outcome: 'failed', problem};
  };
  if (!ask) return await givenUp('OUTCOME_MODEL_URL is not set any more');
  const deadline = fill.giveUpAt.getTime();
  if (clock.wall() >= deadline) return await givenUp(fill.lastError ?? 'the model was not asked in time');
  if (fill.dueAt.getTime() > clock.wall()) return {outcome: 'later', at: fill.dueAt.getTime()};
  const fields: OutcomeFields = fieldsOf(fill);
  const answer = await ask(fields, await heardOf(db, callSid));
  const now = clock.wall();
  // Whoever was to be told about the call has been told by now.
  if (now >= deadline) return await givenUp('the model answered too late');
  if ('values' in answer) return {outcome: (await fillIn(db, fill, answer.values, now)) ? 'filled' : 'known'};
  const wait = WAITS[fill.attempts];
  if (answer.isFinal || wait === undefined || now + wait >= deadline) return await givenUp(answer.problem);
  await askAgainAt(db, fill, now + wait, answer.problem);
  return {outcome: 'later', at: now + wait};
}
