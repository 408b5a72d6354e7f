import {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {Router, type Response} from 'express';
import {z} from 'zod';
import {callFile, callsFile, turnsFile} from '../queries/call-files.ts';
import type {DatabaseWatch} from '../database/database-watch.ts';
import {viewerOf} from './gate.ts';
import {CallsQuery, listCalls} from '../queries/list-calls.ts';
import {asked} from './problem.ts';
import {BadQuestion} from '../queries/bad-question.ts';
import {readCall, type Viewer} from '../queries/read-call.ts';
import {CallFilter, FacetFilter} from '../queries/call-filter.ts';

export const CallPath = z.object({callSid: CallSid});

/** Calls one by one: the list, one of them, their files. */
export function callsRoutes(database: DatabaseWatch): Router {
  const routes = Router();

  routes.get('/api/calls', async (request, response) => {
    response.json(await listCalls(database.now, asked(CallsQuery, request.query)));
  });

  routes.get('/api/calls.csv', async (request, response) => {
    await sendCsv(response, 'calls.csv', callsFile(database.now, asked(CallFilter, request.query)));
  });

  routes.get('/api/turns.csv', async (request, response) => {
    await sendCsv(response, 'turns.csv', turnsFile(database.now, asked(FacetFilter, request.query)));
  });

  routes.get('/api/calls/:callSid', async (request, response) => {
    response.json(await detail(request.params, viewerOf(request)));
  });

  routes.get('/api/calls/:callSid/timeline.csv', async (request, response) => {
    const call = await detail(request.params, viewerOf(request));
    await sendCsv(response, `${call.call.callSid}.csv`, callFile(call));
  });

  const detail = async (params: unknown, viewer: Viewer) => {
    const {callSid} = asked(CallPath, params);
    const call = await readCall(database.now, callSid, viewer);
    if (call) return call;
    throw new BadQuestion(
      {error: 'there is no such call', field: 'callSid', cure: 'it may still be in hand, or have been deleted'},
      404,
    );
  };
  return routes;
}

/** Sends a file as it is made, as fast as it is read. */
export async function sendCsv(
  response: Response,
  name: string,
  lines: Iterable<string> | AsyncIterable<string>,
): Promise<void> {
  response.type('text/csv; charset=utf-8').attachment(name);
  response.type('text/csv; charset=utf-8');
  // Whoever closed the page does not want the rest.
  await pipeline(Readable.from(lines), response).catch((thrown: unknown) => {
    if (!response.destroyed) throw thrown;
  });
}
