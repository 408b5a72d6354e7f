import {z} from 'zod';

/** What the caller has entered so far for the call of a tool; `isWhole`: that is all of it, and it is kept as `as`. */
export const KeysFact = z.object({callId: z.string(), as: z.string(), keys: z.string(), isWhole: z.boolean()});
export type KeysFact = Readonly<z.infer<typeof KeysFact>>;
