import {misspelt} from '@voicebridge/shared/config/did-you-mean.ts';
import {z} from 'zod';
import {BadQuestion} from '../queries/bad-question.ts';

/** Reads a query or a body; throws `BadQuestion` with the first field at fault and its cure. */
export function readRequest<Shape extends z.ZodType>(schema: Shape, input: unknown): z.infer<Shape> {
  refuseNul(input);
  const result = schema.safeParse(input);
  if (result.success) {
    refuseBackwards(result.data);
    return result.data;
  }
  const [issue] = result.error.issues;
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  const field = unknown ?? (issue?.path.map(String).join('.') || 'request');
  const cure =
    unknown === undefined ? `${field} ${wordsOf(schema, issue, input)}` : cureOfUnknown(unknown, knownTo(schema));
  throw new BadQuestion({error: `${field} is not understood`, field, cure});
}

/**
 * What is wrong with a field. zod's own messages are for programmers; they are replaced where the schema has no text.
 */
function wordsOf(schema: z.ZodType, issue: z.core.$ZodIssue | undefined, input: unknown): string {
  const [name] = issue?.path ?? [];
  if (issue === undefined || name === undefined) return 'must be a JSON object';
  const value = typeof input === 'object' && input !== null ? Reflect.get(input, name) : undefined;
  if (Array.isArray(value)) return 'must be given only once';
  if (issue.code === 'too_big' && issue.origin === 'string' && issue.message.startsWith('Too big'))
    return `must not be longer than ${issue.maximum} characters`;
  if (issue.code === 'too_small' && issue.origin === 'string' && issue.message.startsWith('Too small'))
    return `must have at least ${issue.minimum} characters`;
  if (!issue.message.startsWith('Invalid ')) return issue.message;
  const about = schema instanceof z.ZodObject ? schema.shape[String(name)]?.description : undefined;
  if (value === undefined) return about === undefined ? 'must be given' : `must be given: ${about}`;
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.map(String).join(', ')}`;
  return issue.code === 'invalid_type' ? `must be a ${issue.expected}` : 'is not understood';
}

/** The one character that the database cannot keep. */
function refuseNul(input: unknown): void {
  if (typeof input !== 'object' || input === null) return;
  for (const [field, value] of Object.entries(input))
    if (typeof value === 'string' && value.includes('\u0000'))
      throw new BadQuestion({
        error: `${field} is not understood`,
        field,
        cure: `${field} must not hold control characters`,
      });
}

/** A range that ends before it starts is a mistake: it contains nothing. */
function refuseBackwards(data: unknown): void {
  if (typeof data !== 'object' || data === null || !('from' in data && 'to' in data)) return;
  const {from, to} = data;
  if (from instanceof Date && to instanceof Date && from > to)
    throw new BadQuestion({error: 'the time ends before it begins', field: 'from', cure: 'from must be before to'});
}

/** What to do about a field that is not known: the one that was probably meant, and all that there are. */
function cureOfUnknown(name: string, known: readonly string[]): string {
  if (known.length === 0) return 'leave it out: nothing can be chosen here';
  const upper = new Map(known.map(one => [one.toUpperCase(), one]));
  const [typo] = misspelt([name], [...upper.keys()]);
  const meant = upper.get(name.toUpperCase()) ?? upper.get(typo?.meant ?? '');
  return `${meant === undefined ? 'leave it out' : `did you mean ${meant}?`}; known here: ${known.join(', ')}`;
}

function knownTo(schema: z.ZodType): string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}
