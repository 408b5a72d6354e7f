import {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {Router} from 'express';
import {z} from 'zod';
import {callFile, callsFile, turnsFile} from '../queries/call-files.ts';
import type {DatabaseWatch} from '../database/database-watch.ts';
import {viewerOf} from './gate.ts';
import {CallsQuery, listCalls} from '../queries/list-calls.ts';
import {readRequest} from './read-request.ts';
import {BadQuestion} from '../queries/bad-question.ts';
import {readCall, type Viewer} from '../queries/read-call.ts';
import {CallFilter, FacetFilter} from '../queries/call-filter.ts';
import {sendCsv} from './send-csv.ts';

export const CallPath = z.object({callSid: CallSid});

/** The list of calls, one call, and their CSV files. */
export function callsRoutes(database: DatabaseWatch): Router {
  const routes = Router();

  routes.get('/api/calls', async (request, response) => {
    response.json(await listCalls(database.now, readRequest(CallsQuery, request.query)));
  });

  routes.get('/api/calls.csv', async (request, response) => {
    await sendCsv(response, 'calls.csv', callsFile(database.now, readRequest(CallFilter, request.query)));
  });

  routes.get('/api/turns.csv', async (request, response) => {
    await sendCsv(response, 'turns.csv', turnsFile(database.now, readRequest(FacetFilter, request.query)));
  });

  routes.get('/api/calls/:callSid', async (request, response) => {
    response.json(await detail(request.params, viewerOf(request)));
  });

  routes.get('/api/calls/:callSid/timeline.csv', async (request, response) => {
    const call = await detail(request.params, viewerOf(request));
    await sendCsv(response, `${call.call.callSid}.csv`, callFile(call));
  });

  const detail = async (params: unknown, viewer: Viewer) => {
    const {callSid} = readRequest(CallPath, params);
    const call = await readCall(database.now, callSid, viewer);
    if (call) return call;
    throw new BadQuestion(
      {error: 'there is no such call', field: 'callSid', cure: 'it may still be active, or have been deleted'},
      404,
    );
  };
  return routes;
}
