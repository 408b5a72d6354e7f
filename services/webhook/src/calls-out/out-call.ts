import {z} from 'zod';

/**
 * A call that is to be made.
 *
 *   queued ──> dialling ──> placed ──> ringing ──> answered ──> completed
 *     ^            │           └──────────┴──> busy, no-answer ──> queued again, or the end
 *     └── retry ───┤
 *                  └──> unknown: nobody can say whether the carrier took it. It is not made again.
 *
 * `dialling` is written before the carrier is asked, and only who wrote it asks: so no attempt is made twice, whatever dies.
 */
export const STATES = [
  'queued',
  'dialling',
  'placed',
  'ringing',
  'answered',
  'completed',
  'busy',
  'no-answer',
  'failed',
  'canceled',
  'refused',
  'expired',
  'unknown',
] as const;
export const State = z.enum(STATES);
export type State = z.infer<typeof State>;

/** The states in which nothing more will happen. `unknown` may still be cleared up by the carrier. */
export const FINAL: ReadonlySet<State> = new Set<State>([
  'completed',
  'busy',
  'no-answer',
  'failed',
  'canceled',
  'refused',
  'expired',
  'unknown',
]);

const wall = z.number();

const Attempt = z.object({
  /** When the carrier was asked. */
  at: wall,
  callSid: z.string().optional(),
  /** What the carrier says of it, in our words. */
  state: State,
  /** What machine detection said: human, machine_end_beep, … */
  answeredBy: z.string().max(40).optional(),
  /** When the carrier was last asked about it. */
  askedAt: wall.optional(),
});
export type Attempt = Readonly<z.infer<typeof Attempt>>;

export const OutCall = z.object({
  id: z.string(),
  /** Raised by every change: of two who change it at once, one starts over. */
  version: z.number().int(),
  /** Whom to call; removed when nothing more will happen. */
  to: z.string().nullable(),
  lastTwo: z.string(),
  from: z.string(),
  assistant: z.string(),
  variables: z.record(z.string(), z.string()),
  zone: z.string().nullable(),
  createdAt: wall,
  notBefore: wall,
  deadline: wall,
  attemptsAtMost: z.number().int(),
  retryAfterMs: z.number(),
  ringSeconds: z.number().int(),
  detectMachines: z.boolean(),
  state: State,
  /** Why it is in this state, in words. */
  reason: z.string().nullable(),
  attempts: z.array(Attempt),
  /** What others are to be told, and how much of it is on its way to them. */
  events: z.array(z.object({type: z.string(), at: wall, data: z.record(z.string(), z.unknown())})),
  told: z.number().int(),
  /** When somebody must look at it again, in Unix milliseconds; null: never. */
  dueAt: wall.nullable(),
});
export type OutCall = Readonly<z.infer<typeof OutCall>>;

/** What somebody who asks for a call gives. */
export type Wanted = Pick<
  OutCall,
  | 'from'
  | 'assistant'
  | 'variables'
  | 'zone'
  | 'notBefore'
  | 'deadline'
  | 'attemptsAtMost'
  | 'retryAfterMs'
  | 'ringSeconds'
  | 'detectMachines'
> & {readonly to: string};

export function newOutCall(id: string, wanted: Wanted, at: number): OutCall {
  return {
    ...wanted,
    id,
    version: 0,
    lastTwo: wanted.to.slice(-2),
    createdAt: at,
    state: 'queued',
    reason: null,
    attempts: [],
    events: [event('queued', at)],
    told: 0,
    dueAt: Math.max(at, wanted.notBefore),
  };
}

export function event(
  state: State,
  at: number,
  data: Readonly<Record<string, unknown>> = {},
): OutCall['events'][number] {
  return {type: `call-out.${state}`, at, data: {...data}};
}
