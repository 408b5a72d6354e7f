import {z} from 'zod';

/** Gives a call to another assistant: `switchTo({to: ['billing']})`. */
export const SwitchTool = z.strictObject({
  kind: z.literal('switch-to'),
  about: z.string().min(1).max(1_000),
  /** The names of the assistants that may be switched to. */
  to: z.array(z.string().min(1).max(64)).min(1).max(50),
});
export type SwitchTool = Readonly<z.infer<typeof SwitchTool>>;

const ABOUT =
  'Gives the call to another assistant. Tell the caller in a few words that you pass them on, in the same reply.';

/** Defines a tool that goes on with the call as one of these assistants: with its prompt, its voice and its tools. */
export function switchTo({
  about = ABOUT,
  to,
}: {
  readonly about?: string | undefined;
  readonly to: string[];
}): SwitchTool {
  return {kind: 'switch-to', about, to};
}

/** A call is switched so often at most: two assistants that send each other a caller would never end. */
export const SWITCHES_AT_MOST = 5;
