import {z} from 'zod';

/**
 * The outcome of the questions at ring time (RING_URL, `before`), and how long they took in milliseconds. `answered`: there
 * was an answer, if only an empty one. `late`: none within the budget. `failed`: not reached, an error, or code that threw.
 * `invalid`: an answer that cannot be used.
 */
export const RingAsked = z.object({
  outcome: z.enum(['answered', 'late', 'failed', 'invalid']),
  ms: z.number().nonnegative(),
});
export type RingAsked = z.infer<typeof RingAsked>;
