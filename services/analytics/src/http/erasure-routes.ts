import {hashOf, identityOf} from '@voicebridge/shared/caller-identity.ts';
import {json, Router, type Request} from 'express';
import {z} from 'zod';
import {CallPath} from './calls-routes.ts';
import type {DatabaseWatch} from '../database/database-watch.ts';
import {eraseCalls} from '../ingest/erase-calls.ts';
import {viewerOf} from './gate.ts';
import {readRequest} from './read-request.ts';
import {BadQuestion} from '../queries/bad-question.ts';

export const ErasedAnswer = z.object({erased: z.number().int().describe('calls that were there and are gone')});

const NumberPath = z.object({
  numberHash: z.string().regex(/^[0-9a-fA-F]{1,64}$/, 'must be the keyed hash of a number'),
});

/** The number is in the body, because URLs end up in logs. */
export const ForgetNumber = z.strictObject({
  number: z.string().regex(/^\+\d{6,15}$/, 'must be a number such as +14155550100'),
});

/** Deleting calls for good. */
export function erasureRoutes(database: DatabaseWatch, numberHashKey: string | undefined): Router {
  const routes = Router();

  routes.delete('/api/calls/:callSid', async (request, response) => {
    const {callSid} = readRequest(CallPath, request.params);
    response.json({erased: await eraseCalls(database.now, {callSid}, sessionOf(request))});
  });

  routes.delete('/api/numbers/:numberHash', async (request, response) => {
    const {numberHash} = readRequest(NumberPath, request.params);
    response.json({erased: await eraseCalls(database.now, {numberHash}, sessionOf(request))});
  });

  routes.post('/api/forget-number', json({limit: '4kb'}), async (request, response) => {
    const {number} = readRequest(ForgetNumber, request.body ?? {});
    if (numberHashKey === undefined)
      throw new BadQuestion(
        {error: 'numbers cannot be recognised here', cure: 'set NUMBER_HASH_KEY as at the webhook'},
        409,
      );
    const identity = identityOf(number);
    if (!identity)
      throw new BadQuestion({
        error: 'this stands for callers who withhold their number',
        field: 'number',
        cure: 'no call is kept under it',
      });
    const numberHash = hashOf(identity, numberHashKey);
    response.json({erased: await eraseCalls(database.now, {numberHash}, sessionOf(request))});
  });
  return routes;
}

function sessionOf(request: Request): string | null {
  const viewer = viewerOf(request);
  return viewer.signIn === 'required' ? (viewer.session ?? null) : null;
}
