import type {IncomingMessage, ServerResponse} from 'node:http';
import {json} from 'express';
import {BadQuestion} from '../queries/bad-question.ts';

const JSON_TYPE = /^application\/json\s*(;|$)/i;

/**
 * Reads the body of a request as JSON. No body is fine here: each route says what it needs. A body in another format is refused: ignoring
 * it would do something else than what was asked.
 */
export function jsonBody(limit: `${number}kb`) {
  const read = json({limit});
  return (request: IncomingMessage, response: ServerResponse, next: (thrown?: unknown) => void) => {
    const {'content-length': length, 'content-type': type = '', 'transfer-encoding': encoding} = request.headers;
    if ((Number(length) > 0 || encoding !== undefined) && !JSON_TYPE.test(type))
      throw new BadQuestion(
        {error: 'the body is not JSON', cure: 'send JSON with the header content-type: application/json'},
        415,
      );
    read(request, response, next);
  };
}
