import {hashOf, identityOf} from '@voicebridge/shared/caller-identity.ts';
import {Router, type Request} from 'express';
import {z} from 'zod';
import {CallPath} from './calls-routes.ts';
import type {DatabaseWatch} from '../database/database-watch.ts';
import {eraseCalls, type Erasure} from '../ingest/erase-calls.ts';
import {demand, viewerOf} from './gate.ts';
import {jsonBody} from './json-body.ts';
import {readRequest} from './read-request.ts';
import {BadQuestion} from '../queries/bad-question.ts';

export const ErasedAnswer = z.object({
  erased: z.number().int().describe('calls that were there and are gone'),
  queued: z.number().int().describe('records that were still in the queue, and are gone'),
});

export const NumberPath = z.object({
  numberHash: z
    .string()
    .regex(/^[0-9a-fA-F]{1,64}$/, 'must be the keyed hash of a number')
    .meta({description: 'the keyed hash of the number', examples: ['3f2a9c61d0b84e57']}),
});

/** The number is in the body, because URLs end up in logs. */
export const ForgetNumber = z.strictObject({
  number: z
    .string()
    .regex(/^\+\d{6,15}$/, 'must be a number such as +14155550100')
    .describe('the telephone number, such as +14155550100'),
});

export interface ErasureDeps {
  readonly database: DatabaseWatch;
  readonly numberHashKey: string | undefined;
  /** Removes the records that mention one of these texts from the queue. */
  readonly eraseQueued: (mentions: readonly string[]) => Promise<number>;
}

/** Deleting calls for good, also those whose records are still on their way. Needs a sign-in or a token. */
export function erasureRoutes({database, numberHashKey, eraseQueued}: ErasureDeps): Router {
  const routes = Router();

  const erase = async (request: Request, erasure: Erasure, mentions: readonly string[]) => {
    const {who} = viewerOf(request);
    // The database first: from then on it takes no record of these calls, wherever one is.
    const erased = await eraseCalls(database.now, erasure, {who, address: request.ip});
    const queued = await eraseQueued(mentions).catch(() => {
      throw new BadQuestion(
        {error: 'deleted, but the queue does not answer', cure: 'send this again, so that it is searched too'},
        503,
      );
    });
    return {erased, queued};
  };

  routes.delete('/api/calls/:callSid', async (request, response) => {
    demand(viewerOf(request), 'delete');
    const {callSid} = readRequest(CallPath, request.params);
    response.json(await erase(request, {callSid}, [callSid]));
  });

  routes.delete('/api/numbers/:numberHash', async (request, response) => {
    demand(viewerOf(request), 'delete');
    const {numberHash} = readRequest(NumberPath, request.params);
    response.json(await erase(request, {numberHash}, [numberHash]));
  });

  routes.post('/api/forget-number', jsonBody('4kb'), async (request, response) => {
    demand(viewerOf(request), 'delete');
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
    response.json(await erase(request, {numberHash}, [numberHash, identity.text]));
  });
  return routes;
}
