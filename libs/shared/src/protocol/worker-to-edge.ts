import {z} from 'zod';

/** Frames down. */
export const WorkerToEdge = z.discriminatedUnion('kind', [
  /** Assistant audio (base64 μ-law) and the mark to send behind it; an empty name sends no mark. */
  z.object({kind: z.literal('audio'), payload: z.string(), mark: z.string()}),
  /** A mark without audio: it measures the way to Twilio and back. */
  z.object({kind: z.literal('mark'), name: z.string()}),
  /** Silence now: drop what is buffered. */
  z.object({kind: z.literal('clear')}),
  /** Close Twilio's socket with 1000; what happens then is in the call's intent, which was written before. */
  z.object({kind: z.literal('close'), why: z.enum(['done', 'superseded', 'migrate', 'refused'])}),
]);
export type WorkerToEdge = z.infer<typeof WorkerToEdge>;
