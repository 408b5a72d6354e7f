import {z} from 'zod';
import {CallSid, ProcessId, StreamSid} from './ids.ts';

/**
 * Frames from the edge to the worker. `audio` is by far the most frequent and crosses as bytes without JSON (frame-
 * codec.ts).
 */
export const EdgeToWorker = z.discriminatedUnion('kind', [
  /**
   * The first frame of a stream in an epoch. `at` is a moment of the edge's monotonic clock. `sinceStartMs`: how long
   * before `at` Twilio's `start` reached the edge. `silentMs`: how long before `at` the previous owner gave its last
   * sign of life, if there was one. `sent`: the mark behind the last audio of earlier owners that Twilio was given, and no
   * clear has dropped.
   */
  z.object({
    kind: z.literal('began'),
    callSid: CallSid,
    streamSid: StreamSid,
    edge: ProcessId,
    at: z.number().nonnegative().optional(),
    sinceStartMs: z.number().nonnegative().optional(),
    silentMs: z.number().nonnegative().optional(),
    sent: z.string().max(255).optional(),
  }),
  /** Caller audio: base64 μ-law, and its place on Twilio's clock of this stream in milliseconds. */
  z.object({kind: z.literal('audio'), timestamp: z.number().int().nonnegative(), payload: z.string()}),
  /** Twilio returned a mark: all audio before it was played, or dropped by a clear. */
  z.object({kind: z.literal('mark'), name: z.string().max(255)}),
  /** The caller pressed a key. `number`: of the keys of this stream, from 1; edges of an older version do not count them. */
  z.object({kind: z.literal('digit'), digit: z.string().max(16), number: z.number().int().positive().optional()}),
  /** The stream has ended. `hungUp`: Twilio sent `stop`. `lost`: its socket closed. `moved`: this edge closed it. */
  z.object({kind: z.literal('ended'), why: z.enum(['hungUp', 'lost', 'moved'])}),
  /**
   * What only the edge can count, sent once a second and at the end; counted since `began`. `malformed`: unreadable
   * messages of Twilio. `lost`: frames of this owner that never arrived.
   */
  z.object({
    kind: z.literal('counted'),
    malformed: z.number().int(),
    lost: z.number().int(),
    bufferedBytes: z.number().int(),
  }),
]);
export type EdgeToWorker = z.infer<typeof EdgeToWorker>;
