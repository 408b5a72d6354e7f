import {createHash, randomUUID} from 'node:crypto';
import express, {type NextFunction, type Request, type Response, type Router} from 'express';
import {type ApiToken, programOf} from '@voicebridge/shared/config/api-tokens.ts';
import type {Log} from '@voicebridge/shared/observability/log.ts';
import type {Clock} from '@voicebridge/shared/time.ts';
import {z} from 'zod';
import {isAllowed} from '@voicebridge/shared/protocol/destinations.ts';
import type {CallsOut} from './calls-out/calls-out.ts';
import {type OutCall, State, type Wanted} from './calls-out/out-call.ts';
import type {OutCallStore} from './calls-out/out-call-store.ts';
import {callableAt, type QuietHours} from './calls-out/quiet-hours.ts';
import {isZone, zonesOf} from './calls-out/zones.ts';

const HOUR = 3_600_000;
const number = z.string().regex(/^\+[1-9]\d{6,14}$/, 'must be a number such as +4722334455');
const moment = z.iso.datetime({offset: true, message: 'must be a moment with its zone, such as 2026-11-29T12:00:00Z'});

/** What a program says that wants a call made. */
export const WantedCall = z.strictObject({
  to: number.describe('whom to call'),
  assistant: z.string().min(1).max(64).describe('which assistant speaks: the name of its file'),
  from: number.optional().describe('one of CALL_FROM; the first of them if not given'),
  variables: z
    .record(z.string().regex(/^[A-Za-z_][\w.]{0,63}$/), z.union([z.string().max(1_000), z.number(), z.boolean()]))
    .refine(all => Object.keys(all).length <= 40, 'must not be more than 40')
    .default({})
    .describe('fill in {{variables}} of the assistant'),
  notBefore: moment.optional().describe('not to be called before'),
  deadline: moment.optional().describe('not to be called after; a day from now if not given'),
  zone: z
    .string()
    .refine(isZone, 'must be a time zone such as Europe/Oslo')
    .optional()
    .describe('where they are, for quiet hours; the zones of their country if not given'),
  attempts: z.number().int().min(1).max(10).default(3).describe('how often to try while it is busy or not answered'),
  retryMinutes: z.number().min(1).max(1_440).default(15).describe('between two attempts'),
  ringSeconds: z.number().int().min(5).max(120).default(30).describe('how long it may ring'),
  detectMachines: z.boolean().default(true).describe('whether Twilio listens for an answering machine'),
});

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
  readonly config: {
    readonly API_TOKENS: readonly ApiToken[];
    readonly CALL_ALLOW: readonly string[];
    readonly CALL_FROM: readonly string[];
  };
  readonly quietHours: QuietHours | undefined;
  /** This connection is no stranger's. */
  readonly passed: (request: Request, response: Response) => void;
  readonly clock: Pick<Clock, 'wall'>;
  readonly log: Log;
}

/** A request that cannot be done, with what to do about it. */
class Refused extends Error {
  readonly status: number;
  readonly problem: {readonly error: string; readonly field?: string; readonly cure?: string};

  constructor(status: number, problem: Refused['problem']) {
    super(problem.error);
    this.status = status;
    this.problem = problem;
  }
}

/** The API by which programs have calls made. Each request has a token with the scope `call`. */
export function callsApi({
  callsOut,
  store,
  wake,
  hashOf,
  hasAssistant,
  config,
  quietHours,
  passed,
  clock,
  log,
}: CallsApiDeps): Router {
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
    const wanted = wish(request.body);
    const ringsAt = iso(await mayBeWanted(wanted));
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

  const schema = z.toJSONSchema(WantedCall, {io: 'input'});
  api.get('/api/openapi.json', (_request: Request, response: Response) => void response.json(describe(schema)));

  const wish = (body: unknown): Wanted => {
    const {data, error} = WantedCall.safeParse(body ?? {});
    if (!data) {
      const [issue] = error.issues;
      const field =
        issue?.code === 'unrecognized_keys' ? (issue.keys[0] ?? '') : (issue?.path.map(String).join('.') ?? '');
      throw new Refused(400, {error: `${field || 'the call'} is not understood`, field, cure: issue?.message ?? ''});
    }
    const {to, from = config.CALL_FROM[0], zone = null} = data;
    if (from === undefined || !config.CALL_FROM.includes(from))
      throw new Refused(409, {error: 'from is no number of yours', field: 'from', cure: 'set CALL_FROM'});
    if (!isAllowed(to, config.CALL_ALLOW))
      throw new Refused(409, {
        error: 'this number may not be called',
        field: 'to',
        cure: 'CALL_ALLOW says which may be',
      });
    if (zone === null && zonesOf(to) === undefined)
      throw new Refused(400, {error: 'it is not known what time it is there', field: 'zone', cure: 'give the zone'});
    const now = clock.wall();
    const notBefore = data.notBefore === undefined ? now : Date.parse(data.notBefore);
    const deadline = data.deadline === undefined ? Math.max(now, notBefore) + 24 * HOUR : Date.parse(data.deadline);
    if (deadline <= Math.max(now, notBefore))
      throw new Refused(400, {
        error: 'the deadline comes too early',
        field: 'deadline',
        cure: 'after now and notBefore',
      });
    return {
      to,
      from,
      zone,
      notBefore,
      deadline,
      assistant: data.assistant,
      variables: Object.fromEntries(Object.entries(data.variables).map(([name, value]) => [name, String(value)])),
      attemptsAtMost: data.attempts,
      retryAfterMs: data.retryMinutes * 60_000,
      ringSeconds: data.ringSeconds,
      detectMachines: data.detectMachines,
    };
  };

  /** What would refuse the call when its time has come is said now. Returns when it may ring, in Unix milliseconds. */
  const mayBeWanted = async ({to, assistant, zone, notBefore, deadline}: Wanted): Promise<number> => {
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
  };

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

function describe(schema: object): object {
  const json = (of: object) => ({content: {'application/json': {schema: of}}});
  const security = [{token: []}];
  const id = [{name: 'id', in: 'path', required: true, schema: {type: 'string'}}];
  return {
    openapi: '3.1.0',
    info: {title: 'Voicebridge: calls out', version: '1'},
    components: {securitySchemes: {token: {type: 'http', scheme: 'bearer'}}},
    paths: {
      '/api/calls': {
        post: {
          summary: 'Has a call made',
          security,
          parameters: [{name: 'Idempotency-Key', in: 'header', required: true, schema: {type: 'string'}}],
          requestBody: {required: true, ...json(schema)},
          responses: {
            202: {description: 'taken'},
            200: {description: 'taken before'},
            409: {description: 'not allowed'},
          },
        },
        get: {summary: 'The newest calls', security, responses: {200: {description: 'calls'}}},
      },
      '/api/calls/{id}': {
        get: {summary: 'What became of a call', security, parameters: id, responses: {200: {description: 'the call'}}},
        delete: {
          summary: 'Takes a call back, or ends it',
          security,
          parameters: id,
          responses: {200: {description: 'the call'}},
        },
      },
      '/api/do-not-call': {
        put: {summary: 'Never calls a number', security, responses: {204: {description: 'done'}}},
        delete: {summary: 'May call it again', security, responses: {204: {description: 'done'}}},
      },
    },
  };
}
