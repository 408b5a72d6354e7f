import {z} from 'zod';

/** Frames from the worker to the edge. */
export const WorkerToEdge = z.discriminatedUnion('kind', [
  /** Assistant audio (base64 μ-law) and the mark to send after it; an empty name sends no mark. */
  z.object({kind: z.literal('audio'), payload: z.string(), mark: z.string().max(255)}),
  /** A mark without audio, to measure the round trip to Twilio. */
  z.object({kind: z.literal('mark'), name: z.string().max(255)}),
  /** Makes Twilio drop the audio that it has buffered. */
  z.object({kind: z.literal('clear')}),
  /** What the edge captured of this stream may be kept, or is to be forgotten (CAPTURE=assistants). */
  z.object({kind: z.literal('capture'), verdict: z.enum(['keep', 'drop'])}),
  /** Closes Twilio's socket with 1000. What happens then is in the call's intent, which was written before. */
  z.object({kind: z.literal('close'), why: z.enum(['done', 'superseded', 'migrate', 'refused'])}),
]);
export type WorkerToEdge = z.infer<typeof WorkerToEdge>;
