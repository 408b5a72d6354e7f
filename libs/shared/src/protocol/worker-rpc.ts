import {z} from 'zod';
import {AwayOutcome} from './away.ts';
import {CallOver} from './call-over.ts';
import {CallSid, ProcessId, StreamSid, Ticket} from './ids.ts';
import {PROTOCOL_VERSION} from './protocol-version.ts';

const base = {
  version: z.literal(PROTOCOL_VERSION),
  /** The id of the question; the answer repeats it. */
  ask: z.string().max(64),
  /** The channel for the answer. */
  replyTo: z.string().max(128),
  callSid: CallSid,
  traceparent: z.string().max(100).optional(),
};

const party = z.string().max(300).optional();

/** Who calls whom, for the worker that decides which assistant answers. It is not stored anywhere. */
export const Ring = z.object({
  direction: z.enum(['inbound', 'outbound']),
  /** As the carrier says it; not set: withheld. */
  caller: party,
  callee: party,
  /** What the carrier was given with the call: SIP headers, parameters of the stream. */
  parameters: z.record(z.string().max(100), z.string().max(1_000)).optional(),
  /** Of a call that we make: what fills in the variables of its assistant. */
  variables: z.record(z.string().max(64), z.string().max(1_000)).optional(),
});
export type Ring = z.infer<typeof Ring>;

/** So many parameters of a call are passed on. */
const PARAMETERS_AT_MOST = 30;

/** The parameters of a call within the bounds of `Ring`: a name that is too long is left out, a value is cut off. */
export function ringParameters(given: Readonly<Record<string, string>>): Record<string, string> {
  const kept = Object.entries(given).filter(([name]) => name !== '' && name.length <= 100);
  return Object.fromEntries(kept.slice(0, PARAMETERS_AT_MOST).map(([name, value]) => [name, value.slice(0, 1_000)]));
}

/**
 * The questions to one worker. Without an answer within 300 ms another worker is asked, and later the same one once
 * more.
 */
export const WorkerRequest = z.discriminatedUnion('type', [
  /**
   * Asks a worker to take a call. `epoch` is the call's epoch now: 0 for a new call. The worker that wins raises it by
   * one. An epoch above 0 means that the call had an owner: go on from its journal.
   */
  z.object({
    ...base,
    type: z.literal('take'),
    epoch: z.number().int().nonnegative(),
    /**
     * Created before the question, so that one atomic step writes owner and ticket, and a repeated question about a
     * call gets the same answer.
     */
    ticket: Ticket.optional(),
    assistant: z.string().max(100),
    facts: z
      .record(z.string().max(64), z.string().max(4_096))
      .refine(facts => Object.keys(facts).length <= 64, 'must not be more than 64'),
    /** Why a call that had an owner must move. */
    cause: z.enum(['new', 'worker-lost', 'worker-drained', 'plain']),
    /** Of a new call. Workers of an older version do not know it. */
    ring: Ring.optional(),
    /** The caller's stream and its edge, if it is open already. */
    stream: z.object({streamSid: StreamSid, edge: ProcessId}).optional(),
  }),
  /** Tells the owner of a call that it has a stream on this edge. `epoch` is the call's epoch from now on. */
  z.object({
    ...base,
    type: z.literal('attach'),
    epoch: z.number().int().positive(),
    streamSid: StreamSid,
    edge: ProcessId,
  }),
  /**
   * Tells the owner that the call is over for a reason that it cannot see: Twilio's status callback, or a caller who
   * hung up while no edge was alive, or a person who took the caller.
   */
  z.object({
    ...base,
    type: z.literal('end'),
    why: CallOver.shape.why,
    /** The outcome of the absence in which the call ended. */
    away: AwayOutcome.optional(),
  }),
  /** Tells the owner of a call that we made what has answered it, in the carrier's words: human, machine_end_beep, … */
  z.object({...base, type: z.literal('answered-by'), by: z.string().max(40)}),
]);
export type WorkerRequest = z.infer<typeof WorkerRequest>;

/**
 * `taken`: another worker owns the call already; `epoch` is its epoch. Read the call to learn which. `unknown`: the worker
 * does not serve the call. If `epoch` is then higher than the one it was asked in, it had claimed the call and gives it
 * back: another worker can claim it in that epoch.
 */
export const WorkerReply = z.object({
  version: z.literal(PROTOCOL_VERSION),
  ask: z.string().max(64),
  worker: ProcessId,
  answer: z.enum(['yes', 'full', 'draining', 'taken', 'unknown']),
  epoch: z.number().int().nonnegative(),
  /** Milliseconds on the clock of the named stream: what the caller said before is known in words. */
  settledMs: z.number().nonnegative().optional(),
  /** How many of the keys that were pressed on the named stream are in the journal; undefined: nobody counted them. */
  digits: z.number().int().nonnegative().optional(),
});
export type WorkerReply = z.infer<typeof WorkerReply>;
