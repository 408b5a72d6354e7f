import {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {hashOf, identityOf} from '@voicebridge/shared/caller-identity.ts';
import {Router, type Request} from 'express';
import {z} from 'zod';
import {countCalls} from '../queries/count-calls.ts';
import {callFile, callsFile, callsLines, turnsFile} from '../queries/call-files.ts';
import type {DatabaseWatch} from '../database/database-watch.ts';
import {audit} from '../auth/audit.ts';
import {demand, viewerOf} from './gate.ts';
import {CallsQuery, listCalls, neighboursOf} from '../queries/list-calls.ts';
import {jsonBody} from './json-body.ts';
import {noSuchCall} from './no-such-call.ts';
import {readRequest} from './read-request.ts';
import {BadQuestion} from '../queries/bad-question.ts';
import {readCall} from '../queries/read-call.ts';
import {CallFilter, FacetFilter, kindsAskedFor} from '../queries/call-filter.ts';
import {missingBefore} from '../queries/missing-before.ts';
import {sendCsv} from './send-csv.ts';

export const CallPath = z.object({
  callSid: CallSid.meta({description: 'which call', examples: ['CA0123456789abcdef0123456789abcdef']}),
});

/** The number is in the body, because URLs end up in logs. */
export const FindNumber = z.strictObject({
  number: z.string().min(3).max(40).describe('a telephone number with its country, such as +14155550100'),
});
export const FoundNumber = z.object({
  callerHash: z.string().describe('finds the calls from and to this number, as a filter of them'),
});

/** The list of calls, one call, and their CSV files. */
export function callsRoutes(database: DatabaseWatch, numberHashKey: string | undefined): Router {
  const routes = Router();

  /** Who searches what was said reads it; which words is nobody’s business. */
  const maySearch = async (request: Request, filter: Pick<CallFilter, 'words'>) => {
    if (filter.words === undefined) return;
    const viewer = viewerOf(request);
    demand(viewer, 'words');
    await audit(database.now, {action: 'transcript.searched', subject: 'calls', who: viewer.who, address: request.ip});
  };

  routes.get('/api/calls', async (request, response) => {
    const query = readRequest(CallsQuery, request.query);
    await maySearch(request, query);
    response.json(await listCalls(database.now, query));
  });

  routes.get('/api/calls-count', async (request, response) => {
    const filter = readRequest(CallFilter, request.query);
    await maySearch(request, filter);
    response.json(await countCalls(database.now, filter));
  });

  routes.post('/api/find-number', jsonBody('4kb'), (request, response) => {
    demand(viewerOf(request), 'words');
    const {number} = readRequest(FindNumber, request.body ?? {});
    if (numberHashKey === undefined)
      throw new BadQuestion(
        {error: 'numbers cannot be recognised here', cure: 'set NUMBER_HASH_KEY as at the webhook'},
        409,
      );
    const digits = number.replaceAll(/[\s().-]/g, '');
    const identity = /^\+\d{6,15}$/.test(digits) ? identityOf(digits) : undefined;
    if (!identity)
      throw new BadQuestion({
        error: 'this is not a telephone number',
        field: 'number',
        cure: 'begin with + and the country, such as +14155550100',
      });
    response.json({callerHash: hashOf(identity, numberHashKey)});
  });

  routes.get('/api/calls/:callSid/neighbours', async (request, response) => {
    const {callSid} = readRequest(CallPath, request.params);
    const filter = readRequest(CallFilter, request.query);
    await maySearch(request, filter);
    response.json((await neighboursOf(database.now, callSid, filter)) ?? noSuchCall());
  });

  routes.get('/api/calls.csv', async (request, response) => {
    const filter = readRequest(CallFilter, request.query);
    await maySearch(request, filter);
    const lines = callsFile(database.now, filter);
    const missing = await missingBefore(database.now, kindsAskedFor(filter), filter.from);
    await sendCsv(request, response, {name: 'calls.csv', lines, missingBefore: missing, database});
  });

  routes.get('/api/calls.jsonl', async (request, response) => {
    const filter = readRequest(CallFilter, request.query);
    await maySearch(request, filter);
    const lines = callsLines(database.now, filter);
    await sendCsv(request, response, {
      name: 'calls.jsonl',
      type: 'application/jsonl',
      lines,
      missingBefore: await missingBefore(database.now, ['turns', ...kindsAskedFor(filter)], filter.from),
      database,
    });
  });

  routes.get('/api/turns.csv', async (request, response) => {
    const filter = readRequest(FacetFilter, request.query);
    const lines = turnsFile(database.now, filter);
    const missing = await missingBefore(database.now, ['turns'], filter.from);
    await sendCsv(request, response, {name: 'turns.csv', lines, missingBefore: missing, database});
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
    return (await readCall(database.now, callSid, viewerOf(request), request.ip)) ?? noSuchCall();
  };
  return routes;
}
