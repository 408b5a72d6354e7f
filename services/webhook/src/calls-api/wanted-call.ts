import {isAllowed} from '@voicebridge/shared/protocol/destinations.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {z} from 'zod';
import type {Wanted} from '../calls-out/out-call.ts';
import {isZone, zonesOf} from '../calls-out/zones.ts';
import {Refused} from './refused.ts';

const HOUR = 3_600_000;
export const number = z.string().regex(/^\+[1-9]\d{6,14}$/, 'must be a number such as +4722334455');
const moment = z.iso.datetime({offset: true, message: 'must be a moment with its zone, such as 2026-11-29T12:00:00Z'});

/** What a program says that wants a call made. */
export const WantedCall = z.strictObject({
  to: number.describe('whom to call'),
  assistant: z.string().min(1).max(64).describe('which assistant speaks: the name of its file'),
  from: number.optional().describe('one of CALL_FROM; the first of them if not given'),
  variables: z
    .record(z.string().regex(/^[A-Za-z_][\w.]{0,63}$/), z.union([z.string().max(1_000), z.number(), z.boolean()]))
    .refine(all => Object.keys(all).length <= 40, 'must not be more than 40')
    .default({})
    .describe('fill in {{variables}} of the assistant'),
  notBefore: moment.optional().describe('not to be called before'),
  deadline: moment.optional().describe('not to be called after; a day from now if not given'),
  zone: z
    .string()
    .refine(isZone, 'must be a time zone such as Europe/Oslo')
    .optional()
    .describe('where they are, for quiet hours; the zones of their country if not given'),
  attempts: z.number().int().min(1).max(10).default(3).describe('how often to try while it is busy or not answered'),
  retryMinutes: z.number().min(1).max(1_440).default(15).describe('between two attempts'),
  ringSeconds: z.number().int().min(5).max(120).default(30).describe('how long it may ring'),
  detectMachines: z.boolean().default(true).describe('whether Twilio listens for an answering machine'),
});

/** Whom programs may have called, and from which numbers. */
export interface MayBeCalled {
  readonly CALL_ALLOW: readonly string[];
  readonly CALL_FROM: readonly string[];
}

/** What somebody wants, from what they have sent. Throws `Refused`. `now`: Unix milliseconds. */
export function readWantedCall(body: unknown, {CALL_ALLOW, CALL_FROM}: MayBeCalled, now: Millis): Wanted {
  const {data, error} = WantedCall.safeParse(body ?? {});
  if (!data) {
    const [issue] = error.issues;
    const field =
      issue?.code === 'unrecognized_keys' ? (issue.keys[0] ?? '') : (issue?.path.map(String).join('.') ?? '');
    throw new Refused(400, {error: `${field || 'the call'} is not understood`, field, cure: issue?.message ?? ''});
  }
  const {to, from = CALL_FROM[0], zone = null} = data;
  if (from === undefined || !CALL_FROM.includes(from))
    throw new Refused(409, {error: 'from is no number of yours', field: 'from', cure: 'set CALL_FROM'});
  if (!isAllowed(to, CALL_ALLOW))
    throw new Refused(409, {
      error: 'this number may not be called',
      field: 'to',
      cure: 'CALL_ALLOW says which may be',
    });
  if (zone === null && zonesOf(to) === undefined)
    throw new Refused(400, {error: 'it is not known what time it is there', field: 'zone', cure: 'give the zone'});
  const notBefore = data.notBefore === undefined ? now : Date.parse(data.notBefore);
  const deadline = data.deadline === undefined ? Math.max(now, notBefore) + 24 * HOUR : Date.parse(data.deadline);
  if (deadline <= Math.max(now, notBefore))
    throw new Refused(400, {
      error: 'the deadline comes too early',
      field: 'deadline',
      cure: 'after now and notBefore',
    });
  return {
    to,
    from,
    zone,
    notBefore,
    deadline,
    assistant: data.assistant,
    variables: Object.fromEntries(Object.entries(data.variables).map(([name, value]) => [name, String(value)])),
    attemptsAtMost: data.attempts,
    retryAfterMs: data.retryMinutes * 60_000,
    ringSeconds: data.ringSeconds,
    detectMachines: data.detectMachines,
  };
}
