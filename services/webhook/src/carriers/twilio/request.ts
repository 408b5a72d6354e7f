import {AwayOutcome} from '@voicebridge/shared/protocol/away.ts';
import {z} from 'zod';
import type {WayBack} from '../../admission/call-answer.ts';
import type {CallRequest, StreamStatus, WhisperRequest} from '../../admission/call-request.ts';
import {outcomeOfStatus, type PersonGone} from '../../admission/meeting.ts';
import {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {BROWSER_ACCOUNT} from '@voicebridge/shared/protocol/via.ts';

/** One phone call at Twilio: `CA` and 32 hexadecimal digits. */
const TwilioCallSid = z
  .string()
  .regex(/^CA[0-9a-fA-F]{32}$/, 'must be CA and 32 hexadecimal digits')
  .brand<'CallSid'>();

/** A number that we put into an address of ours; 0 if it is not there. */
const smallNumber = () =>
  z
    .string()
    .regex(/^\d{1,4}$/)
    .transform(Number)
    .catch(0)
    .default(0);

const absenceNumber = z
  .string()
  .regex(/^\d{1,4}$/)
  .transform(Number);

/** Ours: which stream of the call has ended. */
const streamDigits = z.string().regex(/^[0-9a-f]{8}$/);

/** The parameters that we use of a request about a call; Twilio sends more, and adds some each year. */
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
  leg: streamDigits.optional().catch(undefined),
  /** Ours: which absence of the caller has ended. */
  away: absenceNumber.optional().catch(undefined),
  /** Ours: the outcome, where Twilio was told to ask. */
  came: AwayOutcome.optional().catch(undefined),
  DialCallStatus: z.string().optional(),
  DialBridged: z.string().optional(),
  QueueResult: z.string().optional(),
  ReferCallStatus: z.string().optional(),
  /** Ours: a call that we have made, and which attempt at it. */
  out: z
    .string()
    .regex(/^[\w-]{1,64}$/)
    .optional()
    .catch(undefined),
  try: smallNumber(),
  /** What machine detection heard. */
  AnsweredBy: z.string().max(40).optional().catch(undefined),
  /** Ours: the answer to the same request failed once before. */
  again: z.literal('1').optional().catch(undefined),
});
export type TwilioRequest = z.infer<typeof TwilioRequest>;

/** The same from any client that asks as Twilio does, with its own ids; only where nothing is validated. */
export const RequestOfAnyPhone = TwilioRequest.extend({CallSid});

/** Values of `CallStatus` for a call that is over: https://www.twilio.com/docs/voice/api/call-resource#call-status-values */
const OVER = new Set(['completed', 'busy', 'failed', 'no-answer', 'canceled']);

/** Twilio names the headers of a SIP call so: `SipHeader_X-Customer`. */
const SIP_HEADER = 'SipHeader_';

/** The headers of a SIP call, by their names. */
function sipHeaders(form: Readonly<Record<string, unknown>>): Record<string, string> {
  const texts = Object.entries(form).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return Object.fromEntries(
    texts.flatMap(([name, value]) => (name.startsWith(SIP_HEADER) ? [[name.slice(SIP_HEADER.length), value]] : [])),
  );
}

/** A form of Twilio's as a request to admission. `all`: with the parameters that the schema does not know. */
export function toCallRequest(form: TwilioRequest, all: Readonly<Record<string, unknown>>): CallRequest {
  const {CallSid: callSid, CallStatus, From: caller, To: callee, Direction, held, waited, leg} = form;
  return {
    callSid,
    isOver: OVER.has(CallStatus),
    direction: Direction.startsWith('outbound') ? 'outbound' : 'inbound',
    ...(form.AccountSid === BROWSER_ACCOUNT ? {via: 'browser' as const} : {}),
    caller,
    callee,
    parameters: sipHeaders(all),
    held,
    waited,
    leg,
    away: form.away === undefined ? undefined : {away: form.away, outcome: outcomeOf(form)},
    ...(form.out === undefined ? {} : {out: {id: form.out, attempt: form.try}}),
  };
}

/** What `<Dial>`, `<Enqueue>` or `<Refer>` came to. A dialled call is `completed` too where the person did not take it. */
function outcomeOf({came, DialCallStatus, DialBridged, QueueResult, ReferCallStatus}: TwilioRequest): AwayOutcome {
  if (came !== undefined) return came;
  if (QueueResult !== undefined) return OF_QUEUE[QueueResult] ?? 'failed';
  if (ReferCallStatus !== undefined) return OF_REFER[ReferCallStatus] ?? 'failed';
  if (DialCallStatus === 'completed' || DialCallStatus === 'answered')
    return DialBridged === 'true' ? 'accepted' : 'declined';
  return OF_DIAL[DialCallStatus ?? ''] ?? 'unknown';
}

type Outcomes = Readonly<Record<string, AwayOutcome>>;
const OF_DIAL: Outcomes = {busy: 'busy', 'no-answer': 'no-answer', canceled: 'no-answer', failed: 'failed'};
const OF_REFER: Outcomes = {
  ...OF_DIAL,
  'in-progress': 'accepted',
  answered: 'accepted',
  completed: 'accepted',
};
const OF_QUEUE: Outcomes = {
  bridged: 'accepted',
  'bridging-in-process': 'accepted',
  redirected: 'accepted',
  'redirected-from-bridged': 'accepted',
  leave: 'no-answer',
  'queue-full': 'busy',
  hangup: 'hung-up',
};

/** What Twilio asks about the call to a person: `call` and `away` are ours, `CallSid` is that of the person's call. */
const WhisperForm = z.object({
  call: TwilioCallSid,
  away: absenceNumber,
  /** It is a call of its own. */
  meets: z.literal('1').optional().catch(undefined),
  asked: z.literal('1').optional().catch(undefined),
  CallSid: z.string().max(64).default(''),
  Digits: z.string().max(10).default(''),
  CallStatus: z.string().default('in-progress'),
});
const WhisperOfAnyPhone = WhisperForm.extend({call: CallSid});

/** Undefined: it is no such request. */
export function toWhisperRequest(
  form: Readonly<Record<string, unknown>>,
  {isValidated}: {readonly isValidated: boolean},
): WhisperRequest | undefined {
  const {data} = (isValidated ? WhisperForm : WhisperOfAnyPhone).safeParse(form);
  if (!data) return undefined;
  const {call: callSid, away, meets, asked, CallSid: person, Digits, CallStatus} = data;
  const key = asked ? Digits : undefined;
  return {callSid, away, person, meets: meets !== undefined, key, isOver: OVER.has(CallStatus)};
}

/** What Twilio tells of the call to a person; undefined: it is no such request, or the call goes on. */
export function toPersonGone(
  form: Readonly<Record<string, unknown>>,
  proof: {readonly isValidated: boolean},
): PersonGone | undefined {
  const asked = toWhisperRequest(form, proof);
  const {CallStatus: status} = form;
  const outcome = typeof status === 'string' ? outcomeOfStatus(status) : undefined;
  return asked && outcome && {callSid: asked.callSid, away: asked.away, person: asked.person, outcome};
}

/** Where a caller who hears music comes back to. */
export function toWayBack(
  form: Readonly<Record<string, unknown>>,
  proof: {readonly isValidated: boolean},
): WayBack | undefined {
  const asked = toWhisperRequest(form, proof);
  const {data: leg} = streamDigits.safeParse(form['leg']);
  return asked && leg !== undefined ? {callSid: asked.callSid, away: asked.away, leg} : undefined;
}

/** The form of a `<Stream>` status callback. */
export function toStreamStatus(form: Readonly<Record<string, unknown>>): StreamStatus {
  const text = (name: string) => (typeof form[name] === 'string' ? form[name] : undefined);
  const event = text('StreamEvent');
  return {
    hasFailed: event === 'stream-error',
    hasEnded: event === 'stream-error' || event === 'stream-stopped',
    callSid: text('CallSid'),
    streamSid: text('StreamSid'),
    event,
    // Twilio changes the words of its errors, not their numbers.
    code: /\b\d{5}\b/.exec(text('StreamError') ?? '')?.[0],
  };
}
