import {z} from 'zod';
import {CallSid} from '@voicebridge/shared/protocol/ids.ts';

/** One phone call at Twilio: `CA` and 32 hexadecimal digits. */
const TwilioCallSid = z
  .string()
  .regex(/^CA[0-9a-fA-F]{32}$/, 'must be CA and 32 hexadecimal digits')
  .brand<'CallSid'>();

/** A number that we put into an address of ours; 0 when it is not there. */
const smallNumber = () =>
  z
    .string()
    .regex(/^\d{1,4}$/)
    .transform(Number)
    .catch(0)
    .default(0);

/** What we look at in a request about a call; Twilio sends more, and more each year. */
export const TwilioRequest = z.object({
  CallSid: TwilioCallSid,
  AccountSid: z.string().optional(),
  CallStatus: z.string().default('in-progress'),
  From: z.string().optional(),
  To: z.string().optional(),
  Direction: z.string().default('inbound'),
  /** Ours: how often an overloaded fleet has asked this caller to wait. */
  held: smallNumber(),
  /** Ours: how many seconds this caller has waited for a worker to answer. */
  waited: smallNumber(),
  /** Ours: which stream of the call has ended. */
  leg: z
    .string()
    .regex(/^[0-9a-f]{8}$/)
    .optional()
    .catch(undefined),
  /** Ours: the answer to the same question failed once before. */
  again: z.literal('1').optional().catch(undefined),
});
export type TwilioRequest = z.infer<typeof TwilioRequest>;

/** The same from any client that does as Twilio does, with its own ids; only where nothing is validated. */
export const RequestOfAnyPhone = TwilioRequest.extend({CallSid});

const OVER = new Set(['completed', 'busy', 'failed', 'no-answer', 'canceled']);

/** Whether Twilio says that there is no caller any more. */
export function isOver({CallStatus}: Pick<TwilioRequest, 'CallStatus'>): boolean {
  return OVER.has(CallStatus);
}
