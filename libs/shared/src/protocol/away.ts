import {z} from 'zod';

/** Where a caller can be while they are away from the assistant. `digits`: nowhere, keys are pressed on the line. */
export const AWAY_KINDS = ['number', 'sip', 'client', 'queue', 'digits'] as const;
export const AwayKind = z.enum(AWAY_KINDS);
export type AwayKind = z.infer<typeof AwayKind>;

/**
 * The outcome of an absence. `accepted`: a person took the caller. `declined`: somebody or something answered, and nobody
 * took the caller. `sent`: the keys were pressed. `refused`: it was not allowed, or the carrier would not do it.
 * `hung-up`: the caller did. `unknown`: nobody said.
 */
export const AWAY_OUTCOMES = [
  'accepted',
  'busy',
  'no-answer',
  'declined',
  'failed',
  'sent',
  'refused',
  'hung-up',
  'unknown',
] as const;
export const AwayOutcome = z.enum(AWAY_OUTCOMES);
export type AwayOutcome = z.infer<typeof AwayOutcome>;

/** What becomes of a caller whom nobody took. */
export const IfNobody = z.enum(['return', 'voicemail', 'hang up']);
export type IfNobody = z.infer<typeof IfNobody>;

/** The longest words for the person who is called, in characters. */
export const LONGEST_WHISPER = 1_000;

/** Where a caller goes for a while, as a tool decides it. */
export const AwayOrder = z.object({
  kind: AwayKind,
  /** A number, a SIP address, a client, the name of a queue, or the keys. */
  to: z.string().max(300),
  /** It stands in the file of the assistant, so nobody talked the model into it. */
  isNamed: z.boolean(),
  /** For a queue of TaskRouter: the workflow. */
  workflow: z.string().max(100).nullable(),
  /** How long it rings, or how long the caller waits in a queue. */
  ringSeconds: z.number().int().min(1).max(600),
  /** What the person hears before they take the caller with `key`; null: they are connected at once. */
  whisper: z
    .object({say: z.string().max(LONGEST_WHISPER), accept: z.string().max(200), key: z.string().max(1)})
    .nullable(),
  /** The language of the carrier's voice, such as nb-NO; null: its own. */
  language: z.string().max(20).nullable(),
  ifNobody: IfNobody,
  /** What the caller hears with `voicemail` and `hang up`; null: a standard sentence. */
  nobodySay: z.string().max(LONGEST_WHISPER).nullable(),
  record: z.boolean(),
  /** A caller who came by SIP is handed to `to` with REFER, and the carrier is out of the call. */
  refer: z.boolean(),
  /** The caller hears music while the person is called and asked; then both meet. A worker of before knows of no such thing. */
  warm: z.boolean().default(false),
});
export type AwayOrder = Readonly<z.infer<typeof AwayOrder>>;

/** What every order has, in the form that asks for nothing special: the caller is connected at once, or comes back. */
export const PLAIN_ORDER = {
  isNamed: true,
  workflow: null,
  whisper: null,
  language: null,
  ifNobody: 'return',
  nobodySay: null,
  record: false,
  refer: false,
  warm: false,
} as const satisfies Partial<AwayOrder>;

/** What the webhook needs to serve a caller who is away. The fact `away` of a call. */
export const AwayPlan = AwayOrder.extend({
  /** Number of the absence in its call, from 0. */
  away: z.number().int().nonnegative(),
  /** The stream that the caller left for it. With another stream they are back. */
  streamSid: z.string(),
});
export type AwayPlan = Readonly<z.infer<typeof AwayPlan>>;

/** What the webhook knows of the end of an absence. The fact `awayOutcome` of a call. */
export const AwayReturn = z.object({away: z.number().int().nonnegative(), outcome: AwayOutcome});
export type AwayReturn = Readonly<z.infer<typeof AwayReturn>>;

/** The call to the person, where it is a call of its own. The fact `awayPerson` of a call. */
export const AwayPerson = z.object({away: z.number().int().nonnegative(), callSid: z.string().max(64)});
export type AwayPerson = Readonly<z.infer<typeof AwayPerson>>;

/** Beyond the time it rings: for the whisper, the key, and the way back. Milliseconds. */
const AND_BACK_MS = 180_000;
const DIGITS_AND_BACK_MS = 30_000;
/** One key takes so long at most; `w` is a pause of half a second. */
const KEY_MS = 500;

/** A caller who is away longer than this does not come back, in milliseconds. */
export function awayAtMost({kind, ringSeconds, to}: Pick<AwayOrder, 'kind' | 'ringSeconds' | 'to'>): number {
  return kind === 'digits' ? to.length * KEY_MS + DIGITS_AND_BACK_MS : ringSeconds * 1_000 + AND_BACK_MS;
}

interface WithFacts {
  readonly facts: Readonly<Record<string, string>>;
  readonly intent?: string | undefined;
  readonly stream?: {readonly streamSid: string} | undefined;
}

/** The absence that a call has begun last, as far as its facts say; undefined: none, or its caller has another stream since. */
export function planOf({facts, stream}: WithFacts): AwayPlan | undefined {
  const plan = parsed(AwayPlan, facts['away']);
  return plan?.streamSid === stream?.streamSid ? plan : undefined;
}

/** The outcome of an absence; undefined while nobody knows. */
export function outcomeOf({facts}: Pick<WithFacts, 'facts'>, away: number): AwayOutcome | undefined {
  const known = parsed(AwayReturn, facts['awayOutcome']);
  return known?.away === away ? known.outcome : undefined;
}

/** Whom the carrier has called last for the caller of a call; undefined: nobody by a call of its own. */
export function personOf({facts}: Pick<WithFacts, 'facts'>): AwayPerson | undefined {
  return parsed(AwayPerson, facts['awayPerson']);
}

/** A fact as the directory keeps it. */
export function awayFacts(plan: AwayPlan, untilWall: number): Record<string, string> {
  return {away: JSON.stringify(plan), awayUntil: `${Math.round(untilWall)}`};
}

export function outcomeFact(known: AwayReturn): Record<string, string> {
  return {awayOutcome: JSON.stringify(known)};
}

export function personFact(person: AwayPerson): Record<string, string> {
  return {awayPerson: JSON.stringify(person)};
}

function parsed<Schema extends z.ZodType>(schema: Schema, text: string | undefined): z.infer<Schema> | undefined {
  if (text === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
