import {z} from 'zod';
import {HookTarget} from './after-call.ts';

/** The queue of what other systems are told by webhooks. Everything it writes shares one Redis Cluster slot. */
export const HOOKS_QUEUE = 'hooks';
export const HOOKS_QUEUE_PREFIX = '{vb}';

/** Something that is told by a webhook, in order for each subject. */
export const HookEvent = z.object({
  /** The same for every attempt: receivers know by it what they have seen already. */
  id: z.string().regex(/^[\w.-]{1,100}$/),
  subject: z.string().regex(/^[\w.-]{1,80}$/),
  /** Its place among all that is told about the subject, from 0. */
  seq: z.number().int().min(0).max(1_000),
  type: z.string().max(60),
  /** Null: whoever AFTER_URL names. */
  target: HookTarget.nullable(),
  /** JSON. */
  body: z.string().max(100_000),
});
export type HookEvent = Readonly<z.infer<typeof HookEvent>>;

/** A job of the queue: a delivery that the database knows, or one that is new to it. */
export const HookJob = z.union([z.object({event: HookEvent}), z.object({id: HookEvent.shape.id})]);
export type HookJob = Readonly<z.infer<typeof HookJob>>;
