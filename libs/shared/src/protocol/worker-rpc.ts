import {z} from 'zod';
import {CallSid, ProcessId, StreamSid, Ticket} from './ids.ts';
import {PROTOCOL_VERSION} from './protocol-version.ts';

const base = {
  version: z.literal(PROTOCOL_VERSION),
  /** Comes back in the answer. */
  ask: z.string().max(64),
  /** The channel that waits for the answer. */
  replyTo: z.string().max(128),
  callSid: CallSid,
  traceparent: z.string().max(100).optional(),
};

/** What may be asked of one worker. Without an answer within 300 ms another is asked, and later the same once more. */
export const WorkerRequest = z.discriminatedUnion('type', [
  /**
   * Will you take this call? `epoch` is the one that the call has now: 0 for a new call, and the worker that wins
   * makes it one higher. With an epoch above 0 it is a call that somebody else had: go on from its journal.
   */
  z.object({
    ...base,
    type: z.literal('take'),
    epoch: z.number().int().nonnegative(),
    /** Minted before, so that one atomic step writes owner and ticket, and the same call asked twice has one answer. */
    ticket: Ticket.optional(),
    assistant: z.string().max(100),
    facts: z.record(z.string(), z.string()),
    /** Why a call that somebody else had must move. */
    cause: z.enum(['new', 'worker-lost', 'worker-drained', 'plain']),
    /** Where the caller's stream is, if it already is somewhere. */
    stream: z.object({streamSid: StreamSid, edge: ProcessId}).optional(),
  }),
  /** Your call has a stream on this edge: listen to it. `epoch` is what the call has from now on. */
  z.object({
    ...base,
    type: z.literal('attach'),
    epoch: z.number().int().positive(),
    streamSid: StreamSid,
    edge: ProcessId,
  }),
  /** The call is over for a reason that you cannot see (Twilio's status callback, a caller gone while no edge lived). */
  z.object({...base, type: z.literal('end'), why: z.enum(['caller.hung-up', 'operator.hung-up'])}),
]);
export type WorkerRequest = z.infer<typeof WorkerRequest>;

/** `taken`: somebody else owns the call already (`epoch` says since which); look it up. */
export const WorkerReply = z.object({
  version: z.literal(PROTOCOL_VERSION),
  ask: z.string(),
  worker: ProcessId,
  answer: z.enum(['yes', 'full', 'draining', 'taken', 'unknown']),
  epoch: z.number().int().nonnegative(),
  /** On the clock of the stream that was named, in milliseconds: what the caller said before is known in words. */
  settledMs: z.number().nonnegative().optional(),
});
export type WorkerReply = z.infer<typeof WorkerReply>;
