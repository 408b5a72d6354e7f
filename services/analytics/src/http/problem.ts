import type {ErrorRequestHandler, Response} from 'express';
import type {Log} from '@voicebridge/shared/observability/log.ts';
import {z} from 'zod';
import {BadQuestion, type Problem} from '../queries/bad-question.ts';
import {failureOf} from '../database/database-failure.ts';
import type {DatabaseWatch} from '../database/database-watch.ts';

/** Reads a query or a body; throws `BadQuestion` with the first field at fault and its cure. */
export function asked<Shape extends z.ZodType>(schema: Shape, input: unknown): z.infer<Shape> {
  const result = schema.safeParse(input);
  if (result.success) {
    refuseBackwards(result.data);
    return result.data;
  }
  const [issue] = result.error.issues;
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  const field = unknown ?? (issue?.path.map(String).join('.') || 'request');
  const cure =
    unknown === undefined
      ? `${field} ${wordsOf(schema, issue, input)}`
      : `leave it out; known here: ${knownTo(schema).join(', ')}`;
  throw new BadQuestion({error: `${field} is not understood`, field, cure});
}

/** What is wrong with a field. Where a schema has no words of its own, zod's are for programmers. */
function wordsOf(schema: z.ZodType, issue: z.core.$ZodIssue | undefined, input: unknown): string {
  const [name] = issue?.path ?? [];
  if (issue === undefined || name === undefined) return 'must be a JSON object';
  const value = typeof input === 'object' && input !== null ? Reflect.get(input, name) : undefined;
  if (Array.isArray(value)) return 'must be given only once';
  if (!issue.message.startsWith('Invalid ')) return issue.message;
  const about = schema instanceof z.ZodObject ? schema.shape[String(name)]?.description : undefined;
  if (value === undefined) return about === undefined ? 'must be given' : `must be given: ${about}`;
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.map(String).join(', ')}`;
  return issue.code === 'invalid_type' ? `must be a ${issue.expected}` : 'is not understood';
}

/** A time that ends before it begins holds nothing, and was not meant. */
function refuseBackwards(data: unknown): void {
  if (typeof data !== 'object' || data === null || !('from' in data && 'to' in data)) return;
  const {from, to} = data;
  if (from instanceof Date && to instanceof Date && from > to)
    throw new BadQuestion({error: 'the time ends before it begins', field: 'from', cure: 'from must be before to'});
}

function knownTo(schema: z.ZodType): string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

export function answerProblem(response: Response, status: number, problem: Problem): void {
  response.status(status).json(problem);
}

/** The last handler: a bad question is answered with its cure, a database that is away with 503, a bug with 500. */
export function problemHandler(database: DatabaseWatch, log: Log): ErrorRequestHandler {
  return (thrown: unknown, request, response, _next) => {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (thrown instanceof BadQuestion) {
      answerProblem(response, thrown.status, thrown.problem);
      return;
    }
    if (isClientError(thrown)) {
      answerProblem(response, thrown.status, {error: 'the request cannot be read', cure: 'send valid JSON'});
      return;
    }
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
    if (code === '57014') {
      answerProblem(response, 503, {
        error: 'the question took too long',
        cure: 'ask for a shorter time or fewer groups',
      });
      return;
    }
    if (failureOf(thrown) === 'database' && (database.reason !== undefined || code !== undefined)) {
      database.lost(thrown);
      answerProblem(response, 503, {error: 'the database is away', cure: 'try again in a few seconds'});
      return;
    }
    log.error({err: thrown, path: request.path}, 'bug: request failed');
    answerProblem(response, 500, {error: 'something is wrong here', cure: 'the log of this process says what'});
  };
}

/** What a body parser throws. */
function isClientError(thrown: unknown): thrown is Error & {readonly status: number} {
  return thrown instanceof Error && 'status' in thrown && typeof thrown.status === 'number' && thrown.status < 500;
}
