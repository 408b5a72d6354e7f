import {createHash, randomUUID} from 'node:crypto';
import express, {type NextFunction, type Request, type Response, type Router} from 'express';
import {type ApiToken, programOf} from '@voicebridge/shared/config/api-tokens.ts';
import type {Log} from '@voicebridge/shared/observability/log.ts';
import type {Clock} from '@voicebridge/shared/time.ts';
import {z} from 'zod';
import type {CallsOut} from '../calls-out/calls-out.ts';
import {type OutCall, State, type Wanted} from '../calls-out/out-call.ts';
import type {OutCallStore} from '../calls-out/out-call-store.ts';
import {callableAt, type QuietHours} from '../calls-out/quiet-hours.ts';
import {zonesOf} from '../calls-out/zones.ts';
import {callsOpenApi} from './calls-openapi.ts';
import {Refused} from './refused.ts';
import {type MayBeCalled, number, readWantedCall} from './wanted-call.ts';

/** A call as the API shows it: no number, and nothing that was to be said. */
const shown = ({
  to: _to,
  variables: _variables,
  events: _events,
  told: _told,
  version: _version,
  ...call
}: OutCall) => ({
  ...call,
  createdAt: iso(call.createdAt),
  notBefore: iso(call.notBefore),
  deadline: iso(call.deadline),
  dueAt: call.dueAt === null ? null : iso(call.dueAt),
  attempts: call.attempts.map(({askedAt: _askedAt, ...attempt}) => ({...attempt, at: iso(attempt.at)})),
});
const iso = (wall: number) => new Date(wall).toISOString();

export interface CallsApiDeps {
  readonly callsOut: CallsOut;
  readonly store: OutCallStore;
  readonly wake: (id: string) => void;
  readonly hashOf: (number: string) => string;
  /** Whether there is an assistant of that name; undefined: nobody can say. */
  readonly hasAssistant: (name: string) => Promise<boolean | undefined>;
  readonly config: MayBeCalled & {readonly API_TOKENS: readonly ApiToken[]};
  readonly quietHours: QuietHours | undefined;
  /** This connection is no stranger's. */
  readonly passed: (request: Request, response: Response) => void;
  readonly clock: Pick<Clock, 'wall'>;
  readonly log: Log;
}

/** The API by which programs have calls made. Each request has a token with the scope `call`. */
export function callsApi(deps: CallsApiDeps): Router {
  const {callsOut, store, wake, hashOf, config, passed, clock, log} = deps;
  const api = express.Router();

  api.use('/api', (request: Request, response: Response, next: NextFunction) => {
    const [, bearer = ''] = /^Bearer +(\S{1,200})$/i.exec(request.get('authorization') ?? '') ?? [];
    const program = programOf(config.API_TOKENS, bearer);
    if (!program)
      throw new Refused(401, {error: 'this token is not known', cure: 'npm run api-token -- --name … --scopes call'});
    if (!program.scopes.includes('call'))
      throw new Refused(403, {error: 'this token is not for having calls made', cure: 'use one with the scope call'});
    passed(request, response);
    next();
  });
  api.use('/api', express.json({limit: '64kb'}));

  api.post('/api/calls', async (request: Request, response: Response) => {
    const key = request.get('idempotency-key');
    if (key === undefined || !/^[\x21-\x7e]{1,200}$/.test(key))
      throw new Refused(400, {
        error: 'Idempotency-Key is missing',
        cure: 'send one that is new for each call you want: a request that is sent twice then makes one call',
      });
    const wanted = readWantedCall(request.body, config, clock.wall());
    const ringsAt = iso(await whenItMayRing(wanted, deps));
    const id = randomUUID();
    const call = await callsOut.want(id, wanted, createHash('sha256').update(key).digest('base64url'));
    if (call.id !== id && !isSame(call, wanted))
      throw new Refused(409, {error: 'this Idempotency-Key was used for another call', cure: 'send a new one'});
    if (call.id === id) log.info({out: id, assistant: call.assistant}, 'a call is wanted');
    wake(call.id);
    response.status(call.id === id ? 202 : 200).json({...shown(call), ringsAt});
  });

  api.get('/api/calls', async (request: Request, response: Response) => {
    const {state} = request.query;
    const wantedState = State.safeParse(state);
    if (state !== undefined && !wantedState.success)
      throw new Refused(400, {
        error: 'state is not understood',
        field: 'state',
        cure: `one of ${State.options.join(', ')}`,
      });
    const calls = await store.newest(500);
    response.json({calls: calls.filter(call => state === undefined || call.state === state).map(shown)});
  });

  api.get('/api/calls/:id', async (request: Request, response: Response) => {
    const call = await store.read(idOf(request));
    if (!call) throw UNKNOWN();
    response.json(shown(call));
  });

  api.delete('/api/calls/:id', async (request: Request, response: Response) => {
    const call = await callsOut.cancel(idOf(request));
    if (!call) throw UNKNOWN();
    response.json(shown(call));
  });

  for (const [method, isForbidden] of [
    ['put', true],
    ['delete', false],
  ] as const)
    api[method]('/api/do-not-call', async (request: Request, response: Response) => {
      const {data} = z.strictObject({number}).safeParse(request.body);
      if (!data)
        throw new Refused(400, {
          error: 'number is not understood',
          field: 'number',
          cure: 'a number such as +4722334455',
        });
      await store.forbid(hashOf(data.number), isForbidden);
      response.sendStatus(204);
    });

  const description = callsOpenApi();
  api.get('/api/openapi.json', (_request: Request, response: Response) => void response.json(description));

  api.use('/api', (thrown: unknown, _request: Request, response: Response, next: NextFunction) => {
    if (thrown instanceof Refused) response.status(thrown.status).json(thrown.problem);
    else if (isUnreadable(thrown)) response.status(400).json({error: 'this is no JSON', cure: 'send a JSON object'});
    else {
      log.error({err: thrown}, 'a request for a call could not be answered');
      response
        .status(503)
        .json({error: 'Redis does not answer', cure: 'send the same again, with the same Idempotency-Key'});
    }
    void next;
  });
  return api;
}

/** What would refuse the call when its time has come is said now. Returns when it may ring, in Unix milliseconds. */
async function whenItMayRing(
  {to, assistant, zone, notBefore, deadline}: Wanted,
  {store, hashOf, hasAssistant, quietHours, clock}: CallsApiDeps,
): Promise<number> {
  if ((await hasAssistant(assistant)) === false)
    throw new Refused(409, {
      error: 'there is no such assistant',
      field: 'assistant',
      cure: 'the name of a file in ASSISTANTS_DIR, without its ending',
    });
  if (await store.isForbidden(hashOf(to)))
    throw new Refused(409, {
      error: 'this number is not to be called',
      field: 'to',
      cure: 'it is on the list of those who do not want it: DELETE /api/do-not-call',
    });
  const at = Math.max(clock.wall(), notBefore);
  const mayRing = callableAt(quietHours, zone === null ? (zonesOf(to) ?? []) : [zone], at);
  if (mayRing === undefined || mayRing > deadline)
    throw new Refused(409, {
      error: 'it may not ring before its deadline: quiet hours',
      field: 'deadline',
      cure: mayRing === undefined ? 'QUIET_HOURS says when' : `it may ring at ${iso(mayRing)}`,
    });
  return mayRing;
}

const UNKNOWN = () => new Refused(404, {error: 'there is no such call', field: 'id', cure: 'it is kept for 30 days'});
const idOf = (request: Request) => String(request.params['id']).slice(0, 64);

/** Whether a call is what is asked for again. Its number may be forgotten by now. */
function isSame(call: OutCall, wanted: Wanted): boolean {
  return (
    call.assistant === wanted.assistant && call.lastTwo === wanted.to.slice(-2) && [null, wanted.to].includes(call.to)
  );
}

function isUnreadable(thrown: unknown): boolean {
  return thrown instanceof Error && 'status' in thrown && typeof thrown.status === 'number' && thrown.status < 500;
}
