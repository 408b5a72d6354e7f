import {z} from 'zod';
import {CallSid, ProcessId} from './ids.ts';
import {Via} from './via.ts';

/**
 * What operators ask a worker for, through Redis: to be shown its calls, to end one, or to send its caller to a person. Analytics writes it, for whoever
 * may. A worker of an older version does not look, and nobody waits for it.
 */
export const OperatorAsk = z.discriminatedUnion('ask', [
  /** Somebody looks at the calls; at all that is known of one of them, if it is named. To be repeated. */
  z.object({ask: z.literal('watch'), callSid: CallSid.optional()}),
  z.object({ask: z.literal('hangUp'), callSid: CallSid}),
  /** `to`: a number, sip:…, client:… or queue:…; the worker looks whether it is allowed. */
  z.object({ask: z.literal('transfer'), callSid: CallSid, to: z.string().max(300)}),
]);
export type OperatorAsk = z.infer<typeof OperatorAsk>;

/** A call in progress, as its worker sees it. No words, and no telephone numbers. */
export const ActiveCall = z.object({
  callSid: CallSid,
  /** Unix milliseconds. */
  startedAt: z.number(),
  assistant: z.string(),
  direction: z.string(),
  via: Via.optional().describe('browser: the phone in the browser; absent: a telephone'),
  callerLastTwo: z.string().nullable(),
  edge: z.string().nullable().describe('the media edge; null: the caller has no stream at the moment'),
  speaks: z.enum(['caller', 'assistant', 'nobody']).describe('who has the floor'),
  turns: z.number().int(),
  turnGapMs: z.number().nullable().describe('the last one'),
  interruptions: z.number().int(),
});
export type ActiveCall = z.infer<typeof ActiveCall>;

/**
 * A call with the destinations to which an operator may transfer its caller: those in the file of the assistant, and the
 * patterns of TRANSFER_ALLOW. Older workers name none, and transfer nobody.
 */
export const ToldCall = ActiveCall.extend({transferTo: z.array(z.string().max(300)).max(200).optional()});
export type ToldCall = z.infer<typeof ToldCall>;

/** The calls of one worker. */
export const CallsOfWorker = z.object({worker: ProcessId, calls: z.array(ToldCall)});
export type CallsOfWorker = z.infer<typeof CallsOfWorker>;
