import {z} from 'zod';
import {CallSid, ProcessId, StreamSid} from './ids.ts';

/** Frames up. `audio` is by far the most frequent, and crosses as bytes with no JSON around it (frame-codec.ts). */
export const EdgeToWorker = z.discriminatedUnion('kind', [
  /**
   * The first frame of a stream in an epoch, as things were `at` a moment of the edge's monotonic clock. `sinceStartMs`:
   * how long before Twilio's `start` reached the edge. `silentMs`: how long before the last owner gave its last sign of
   * life, if there was one.
   */
  z.object({
    kind: z.literal('began'),
    callSid: CallSid,
    streamSid: StreamSid,
    edge: ProcessId,
    at: z.number().nonnegative().optional(),
    sinceStartMs: z.number().nonnegative().optional(),
    silentMs: z.number().nonnegative().optional(),
  }),
  /** Caller audio: base64 μ-law, and its place on Twilio's clock of this stream in milliseconds. */
  z.object({kind: z.literal('audio'), timestamp: z.number().int().nonnegative(), payload: z.string()}),
  /** Twilio returned a mark: all audio before it was played, or dropped by a clear. */
  z.object({kind: z.literal('mark'), name: z.string()}),
  /** The caller pressed a key. */
  z.object({kind: z.literal('digit'), digit: z.string()}),
  /** The stream is over. `hungUp`: Twilio said stop. `lost`: its socket died. `moved`: this edge let it go. */
  z.object({kind: z.literal('ended'), why: z.enum(['hungUp', 'lost', 'moved'])}),
  /**
   * What the edge alone can count, once a second and at the end; since `began`. `malformed`: messages of Twilio that
   * nobody can use. `lost`: frames of this owner that never arrived.
   */
  z.object({
    kind: z.literal('counted'),
    malformed: z.number().int(),
    lost: z.number().int(),
    bufferedBytes: z.number().int(),
  }),
]);
export type EdgeToWorker = z.infer<typeof EdgeToWorker>;
