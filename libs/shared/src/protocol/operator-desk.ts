import {z} from 'zod';
import {CallSid, ProcessId} from './ids.ts';

/**
 * What operators ask a worker for, through Redis: to be shown its calls, or to end one. Analytics writes it, for whoever
 * may. A worker of an older version does not look, and nobody waits for it.
 */
export const OperatorAsk = z.discriminatedUnion('ask', [
  /** Somebody looks at the calls; at all that is known of one of them, if it is named. To be repeated. */
  z.object({ask: z.literal('watch'), callSid: CallSid.optional()}),
  z.object({ask: z.literal('hangUp'), callSid: CallSid}),
]);
export type OperatorAsk = z.infer<typeof OperatorAsk>;

/** A call in progress, as its worker sees it. No words, and no telephone numbers. */
export const ActiveCall = z.object({
  callSid: CallSid,
  /** Unix milliseconds. */
  startedAt: z.number(),
  assistant: z.string(),
  direction: z.string(),
  callerLastTwo: z.string().nullable(),
  edge: z.string().nullable().describe('the media edge; null: the caller has no stream at the moment'),
  speaks: z.enum(['caller', 'assistant', 'nobody']).describe('who has the floor'),
  turns: z.number().int(),
  turnGapMs: z.number().nullable().describe('the last one'),
  interruptions: z.number().int(),
});
export type ActiveCall = z.infer<typeof ActiveCall>;

/** The calls of one worker. */
export const CallsOfWorker = z.object({worker: ProcessId, calls: z.array(ActiveCall)});
export type CallsOfWorker = z.infer<typeof CallsOfWorker>;
