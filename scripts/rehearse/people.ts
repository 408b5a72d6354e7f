import type {Millis} from '@voicebridge/shared/time.ts';
import {AwayOutcome} from '@voicebridge/shared/protocol/away.ts';
import {z} from 'zod';
import type {Person} from '../../simulators/twilio/src/call/person.ts';
import type {PersonReport} from '../../simulators/twilio/src/report/call-report.ts';

const millis = z.number().int().min(0).max(120_000);
/** YAML reads `presses: 1` as a number. */
const key = z.preprocess(given => (typeof given === 'number' ? String(given) : given), z.string().regex(/^[\d*#]$/));

/** Somebody who answers after so many ms, presses a key when they are asked for one, and talks for so many ms. */
const Answers = z.strictObject({
  answersAfter: millis.default(1_500),
  presses: key.default('1'),
  talksFor: millis.default(2_000),
});

/** What happens where a caller is sent. */
export const Meets = z.union([
  z.enum(['accepts', 'declines', 'is a mailbox', 'is busy', 'does not answer', 'cannot be reached']),
  Answers,
]);
export type Meets = z.infer<typeof Meets>;
export const MEETS_KEYS: readonly string[] = Object.keys(Answers.shape);

/** A person to whom the caller was sent, and the outcome. */
export const Transferred = z.strictObject({
  /** As it stands in `people`. */
  to: z.string(),
  outcome: AwayOutcome.optional(),
});

const RINGS_MS: Millis = 1_500;
const LISTENS_MS: Millis = 1_000;

/** Who answers at a destination as the carrier calls it: `Number: +47…`. Whom no rehearsal names takes the caller. */
export function personAt(people: Readonly<Record<string, Meets>>, target: string): Person {
  const meets = people[addressOf(target)] ?? 'accepts';
  if (typeof meets === 'object') {
    const {answersAfter: after, presses, talksFor: talks} = meets;
    return {does: 'answer', after, key: presses, keyAfter: LISTENS_MS, talks};
  }
  switch (meets) {
    case 'accepts':
      return {does: 'answer', after: RINGS_MS, key: '1', keyAfter: LISTENS_MS, talks: 2_000};
    case 'declines':
      return {does: 'decline', after: RINGS_MS, listens: LISTENS_MS};
    case 'is a mailbox':
      return {does: 'answer', after: RINGS_MS, talks: 2_000};
    case 'is busy':
      return {does: 'be-busy', after: RINGS_MS};
    case 'does not answer':
      return {does: 'be-silent'};
    case 'cannot be reached':
      return {does: 'fail', after: RINGS_MS};
    default:
      return meets satisfies never;
  }
}

/** A destination as the files write it. */
export function addressOf(target: string): string {
  return target.replace(/^(Number|Sip|Queue): /, '').replace(/^Client: /, 'client:');
}

/** The outcome of a telephone that rang, in the words of the product. */
export function outcomeOf({bridgedAt, status}: Pick<PersonReport, 'bridgedAt' | 'status'>): AwayOutcome {
  if (bridgedAt !== undefined) return 'accepted';
  if (status === 'completed') return 'declined';
  return AwayOutcome.safeParse(status).data ?? 'failed';
}
