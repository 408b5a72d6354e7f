import type {z} from 'zod';

/** A message, or why the text is none. */
export type Parsed<Message> =
  | {readonly ok: true; readonly message: Message}
  | {readonly ok: false; readonly reason: 'notJson' | 'unexpectedShape'; readonly detail: string};

/** Parses and checks the text of a peer. Code behind this function never sees raw input. */
export function parse<Message>(schema: z.ZodType<Message>, text: string): Parsed<Message> {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return {ok: false, reason: 'notJson', detail: `${text.length} characters that are not JSON`};
  }
  const result = schema.safeParse(raw);
  if (result.success) return {ok: true, message: result.data};
  const issue = result.error.issues[0];
  // Paths and rules only, because a value may be a caller's words.
  return {ok: false, reason: 'unexpectedShape', detail: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`};
}
