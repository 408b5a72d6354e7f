import {z} from 'zod';
import {parse} from './parse.ts';

/** What the webhook knows of the end of a call that its owner did not live to see. The fact `over` of a call. */
export const CallOver = z.object({
  /** An end reason of the record. */
  why: z.enum(['caller.hung-up', 'operator.hung-up', 'assistant.transferred', 'assistant.hung-up']),
  /** Unix milliseconds. */
  wall: z.number().int().nonnegative(),
});
export type CallOver = Readonly<z.infer<typeof CallOver>>;

/** A fact as the directory keeps it. */
export function overFact(known: CallOver): Record<string, string> {
  return {over: JSON.stringify(known)};
}

/** How a call ended, if the webhook wrote it down; a fact that cannot be read is none. */
export function overOf({facts}: {readonly facts: Readonly<Record<string, string>>}): CallOver | undefined {
  const read = facts['over'] === undefined ? undefined : parse(CallOver, facts['over']);
  return read?.ok === true ? read.message : undefined;
}
