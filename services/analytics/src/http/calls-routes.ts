import {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {Router, type Request} from 'express';
import {z} from 'zod';
import {callFile, callsFile, turnsFile} from '../queries/call-files.ts';
import type {DatabaseWatch} from '../database/database-watch.ts';
import {viewerOf} from './gate.ts';
import {CallsQuery, listCalls} from '../queries/list-calls.ts';
import {readRequest} from './read-request.ts';
import {BadQuestion} from '../queries/bad-question.ts';
import {readCall} from '../queries/read-call.ts';
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
    const lines = callsFile(database.now, readRequest(CallFilter, request.query));
    await sendCsv(request, response, {name: 'calls.csv', lines, database});
  });

  routes.get('/api/turns.csv', async (request, response) => {
    const lines = turnsFile(database.now, readRequest(FacetFilter, request.query));
    await sendCsv(request, response, {name: 'turns.csv', lines, database});
  });

  routes.get('/api/calls/:callSid', async (request, response) => {
    response.json(await detail(request));
  });

  routes.get('/api/calls/:callSid/timeline.csv', async (request, response) => {
    const call = await detail(request);
    await sendCsv(request, response, {name: `${call.call.callSid}.csv`, lines: callFile(call), database});
  });

  const detail = async (request: Request) => {
    const {callSid} = readRequest(CallPath, request.params);
    const call = await readCall(database.now, callSid, viewerOf(request), request.ip);
    if (call) return call;
    throw new BadQuestion(
      {error: 'there is no such call', field: 'callSid', cure: 'it may still be active, or have been deleted'},
      404,
    );
  };
  return routes;
}
