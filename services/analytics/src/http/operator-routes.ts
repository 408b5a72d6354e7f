import {messageOf} from '@voicebridge/shared/errors.ts';
import {CallSid, ProcessId} from '@voicebridge/shared/protocol/ids.ts';
import type {OperatorSide} from '@voicebridge/shared/rpc/operator-desk.ts';
import {sleep} from '@voicebridge/shared/retry.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import {json, Router, type Request} from 'express';
import {z} from 'zod';
import {audit} from '../auth/audit.ts';
import type {Viewer} from '../auth/viewer.ts';
import type {DatabaseWatch} from '../database/database-watch.ts';
import {callSoFar} from '../ingest/call-so-far.ts';
import {ActiveCalls, readActiveCalls} from '../queries/active-calls.ts';
import {BadQuestion} from '../queries/bad-question.ts';
import type {Fleet} from '../queries/live-fleet.ts';
import {demand, viewerOf} from './gate.ts';
import {readRequest} from './read-request.ts';

/** A worker looks once a second, and tells what it has a moment later. */
const PATIENCE: Millis = 3_000;
const LOOK_EVERY: Millis = 200;
/** Who asks again within this reads on. */
const ONE_READING: Millis = 60_000;

const ActivePath = z.object({callSid: CallSid});

export const HungUpAnswer = z.object({
  worker: z.string().describe('who was asked to end the call; it does so within a second'),
});

export interface OperatorDeps {
  readonly database: DatabaseWatch;
  readonly desk: OperatorSide;
  readonly readFleet: () => Promise<Fleet>;
  readonly clock: Clock;
}

/** Calls in progress: which there are, and ending one. */
export function operatorRoutes({database, desk, readFleet, clock}: OperatorDeps): Router {
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

  const active = async (): Promise<ActiveCalls> => {
    try {
      const {workers} = await readFleet();
      return await readActiveCalls(desk, withCalls(workers));
    } catch (thrown) {
      throw new BadQuestion({error: `Redis is away: ${messageOf(thrown)}`, cure: 'try again in a few seconds'}, 503);
    }
  };

  /** Asks until it is answered, for as long as a worker may take to look. */
  const patiently = async <Found>(ask: () => Promise<Found | undefined>): Promise<Found | undefined> => {
    const until = clock.now() + PATIENCE;
    for (;;) {
      const found = await ask();
      if (found !== undefined || clock.now() >= until) return found;
      await sleep(clock, LOOK_EVERY);
    }
  };

  const find = async (request: Request) => {
    const {callSid} = readRequest(ActivePath, request.params);
    const call = await patiently(async () => {
      const {calls, silent} = await active();
      const found = calls.find(one => one.callSid === callSid);
      // Once all have told, waiting brings nothing.
      return found ?? (silent.length === 0 ? null : undefined);
    });
    if (call) return call;
    throw new BadQuestion(
      {error: 'no worker has this call', field: 'callSid', cure: 'it has ended, or is just being taken over'},
      404,
    );
  };

  routes.get('/api/active/:callSid', async (request, response) => {
    const viewer = viewerOf(request);
    const {callSid, worker} = await find(request);
    const id = ProcessId.parse(worker);
    await desk.ask(id, {ask: 'watch', callSid});
    const parts = await patiently(() => desk.recordOf(id, callSid));
    const detail = parts && callSoFar(parts, viewer, clock.wall());
    if (!detail)
      throw new BadQuestion({error: 'its worker does not tell it', cure: 'ask again: it may just be taken over'}, 404);
    if (detail.transcript.length > 0 || detail.callerNumber !== null) await noteReading(callSid, viewer, request.ip);
    response.json(detail);
  });

  routes.get('/api/active', async (_request, response) => {
    response.json(await active());
  });

  routes.post('/api/active/:callSid/hang-up', json({limit: '1kb'}), async (request, response) => {
    const viewer = viewerOf(request);
    demand(viewer, 'hang-up');
    const {callSid, worker} = await find(request);
    await audit(database.now, {action: 'call.hung-up', subject: callSid, who: viewer.who, address: request.ip});
    await desk.ask(ProcessId.parse(worker), {ask: 'hangUp', callSid});
    response.json({worker});
  });
  return routes;
}

/** The workers that have calls: the others have nothing to tell. */
export const withCalls = (workers: Fleet['workers']): ProcessId[] =>
  workers.flatMap(({id, calls}) => (calls > 0 ? (ProcessId.safeParse(id).data ?? []) : []));
