import {z} from 'zod';
import {OutcomeFields} from './outcome.ts';

/** What a webhook about a finished call can hold besides the facts of the call and its outcome. */
export const INCLUDABLE = ['transcript', 'tools', 'notes', 'numbers', 'turns'] as const;
export const INCLUDED_USUALLY = ['transcript', 'tools', 'notes'] as const;

/** The name of an environment variable: secrets are only ever named. */
export const SecretName = z.string().regex(/^[A-Z][A-Z0-9_]{0,99}$/, 'must be the name of an environment variable');

/** Where something is told by a signed webhook. */
export const HookTarget = z.object({
  post: z
    .string()
    .regex(/^https?:\/\/[^{}/?#@\s]+([/?#]\S*)?$/, 'must be http://… or https://… with a fixed host and no user')
    .max(2_000),
  /** The environment variable of analytics that holds the key of the signature. */
  secret: SecretName,
  include: z.array(z.enum(INCLUDABLE)),
  /** Addresses of this machine and of private networks may be asked. */
  allowPrivate: z.boolean(),
});
export type HookTarget = Readonly<z.infer<typeof HookTarget>>;

/** What is to happen when a call is over, as its assistant says. */
export const AfterCall = z.object({
  /** `off`: nobody is told. `null`: the assistant does not say; whoever AFTER_URL names is told. */
  hook: z.union([HookTarget, z.literal('off')]).nullable(),
  outcome: OutcomeFields,
});
export type AfterCall = Readonly<z.infer<typeof AfterCall>>;
