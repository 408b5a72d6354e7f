import {isDialable, mayTransfer, queueOf} from '@voicebridge/shared/protocol/destinations.ts';
import {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import {Router} from 'express';
import {z} from 'zod';
import {audit} from '../auth/audit.ts';
import type {Viewer} from '../auth/viewer.ts';
import type {DatabaseWatch} from '../database/database-watch.ts';
import {callSoFar} from '../ingest/call-so-far.ts';
import {BadQuestion} from '../queries/bad-question.ts';
import type {CallsInProgress} from '../queries/calls-in-progress.ts';
import {CallPath} from './calls-routes.ts';
import {demand, viewerOf} from './gate.ts';
import {jsonBody} from './json-body.ts';
import {readRequest} from './read-request.ts';

/** Who asks again within this reads on. */
const ONE_READING: Millis = 60_000;

export const TransferBody = z.strictObject({
  to: z
    .string()
    .meta({examples: ['+4722334455', 'sip:desk@example.com', 'client:ada', 'queue:support']})
    .transform(text => (text.startsWith('+') ? text.replaceAll(/[\s().-]/g, '') : text))
    .refine(
      to => isDialable(to) || queueOf(to) !== undefined,
      'must be a number such as +4722334455, sip:…, client:… or queue:…',
    )
    .describe('to whom'),
});
export const TransferAnswer = z.object({
  worker: z
    .string()
    .describe('who was asked; the caller leaves within seconds, and `aways` of the call says what came of it'),
});
export const Destinations = z.object({
  allowed: z
    .array(z.string())
    .describe(
      'destinations in the file of the assistant, and the patterns of TRANSFER_ALLOW, such as +4722* or queue:support',
    ),
});

export const HungUpAnswer = z.object({
  worker: z.string().describe('who was asked to end the call; it does so within a second'),
});

export interface OperatorDeps {
  readonly database: DatabaseWatch;
  readonly inProgress: CallsInProgress;
  readonly clock: Clock;
}

/** Calls in progress: which there are, and ending one. */
export function operatorRoutes({database, inProgress, clock}: OperatorDeps): Router {
  const routes = Router();

  /** A page that follows a call asks each second: that is one reading. */
  const read = new Map<string, Millis>();
  const noteReading = async (callSid: CallSid, {who}: Viewer, address: string | undefined) => {
    const key = `${who} ${callSid}`;
    const last = read.get(key);
    read.set(key, clock.now());
    for (const [other, at] of read) if (clock.now() - at > ONE_READING) read.delete(other);
    if (last !== undefined && clock.now() - last < ONE_READING) return;
    await audit(database.now, {action: 'transcript.read', subject: callSid, who, address});
  };

  routes.get('/api/active/:callSid', async (request, response) => {
    const viewer = viewerOf(request);
    const {callSid} = readRequest(CallPath, request.params);
    const found = await inProgress.record(callSid);
    const detail = found && callSoFar(found.parts, viewer, clock.wall());
    if (!detail)
      throw new BadQuestion({error: 'its worker does not tell it', cure: 'ask again: it may just be taken over'}, 404);
    if (detail.transcript.length > 0 || detail.callerNumber !== null) await noteReading(callSid, viewer, request.ip);
    response.json(detail);
  });

  routes.get('/api/active', async (_request, response) => {
    response.json(await inProgress.all());
  });

  routes.post('/api/active/:callSid/hang-up', jsonBody('1kb'), async (request, response) => {
    const viewer = viewerOf(request);
    demand(viewer, 'hang-up');
    const {callSid} = readRequest(CallPath, request.params);
    const {worker} = await inProgress.find(callSid);
    await audit(database.now, {action: 'call.hung-up', subject: callSid, who: viewer.who, address: request.ip});
    await inProgress.ask(worker, {ask: 'hangUp', callSid});
    response.json({worker});
  });

  routes.get('/api/active/:callSid/transfer', async (request, response) => {
    demand(viewerOf(request), 'transfer');
    const {callSid} = readRequest(CallPath, request.params);
    response.json({allowed: await inProgress.destinations(await inProgress.find(callSid))});
  });

  routes.post('/api/active/:callSid/transfer', jsonBody('1kb'), async (request, response) => {
    const viewer = viewerOf(request);
    demand(viewer, 'transfer');
    const {callSid} = readRequest(CallPath, request.params);
    const {to} = readRequest(TransferBody, request.body ?? {});
    const call = await inProgress.find(callSid);
    if (!mayTransfer(to, await inProgress.destinations(call)))
      throw new BadQuestion(
        {
          error: 'nobody may be transferred there',
          field: 'to',
          cure: 'name it in the file of the assistant, or in TRANSFER_ALLOW of webhooks and workers',
        },
        403,
      );
    await audit(database.now, {action: 'call.transferred', subject: callSid, who: viewer.who, address: request.ip});
    await inProgress.ask(call.worker, {ask: 'transfer', callSid, to});
    response.json({worker: call.worker});
  });
  return routes;
}
