import {STATUS_CODES} from 'node:http';
import type {ErrorRequestHandler, Response} from 'express';
import type {Log} from '@voicebridge/shared/observability/log.ts';
import {BadQuestion, type Problem, type ProblemAnswer} from '../queries/bad-question.ts';
import {failureOf} from '../database/database-failure.ts';
import type {DatabaseWatch} from '../database/database-watch.ts';

/** As `application/problem+json`. */
export function answerProblem(response: Response, status: number, {error, ...rest}: Problem): void {
  const title = STATUS_CODES[status] ?? 'Error';
  const answer: ProblemAnswer = {type: 'about:blank', title, status, detail: error, ...rest};
  response.status(status).type('application/problem+json').send(JSON.stringify(answer));
}

/**
 * The last handler. A bad question is answered with its status and cure, a database that is away with 503, a bug with
 * 500.
 */
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
      answerProblem(response, thrown.status, readingProblem(thrown.status));
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
      // A page that is told so asks again by itself.
      response.set('retry-after', '5');
      answerProblem(response, 503, {error: 'the database is away', cure: 'try again in a few seconds'});
      return;
    }
    log.error({err: thrown, path: request.path}, 'bug: request failed');
    answerProblem(response, 500, {error: 'something is wrong here', cure: 'the log of this process says what'});
  };
}

/** Why a body could not be read. */
function readingProblem(status: number): Problem {
  if (status === 413) return {error: 'the request is too large', cure: 'send less'};
  if (status === 415) return {error: 'the request is in an unknown encoding', cure: 'send JSON in UTF-8'};
  return {error: 'the request cannot be read', cure: 'send valid JSON'};
}

/** An error that a body parser throws. */
function isClientError(thrown: unknown): thrown is Error & {readonly status: number} {
  return thrown instanceof Error && 'status' in thrown && typeof thrown.status === 'number' && thrown.status < 500;
}
