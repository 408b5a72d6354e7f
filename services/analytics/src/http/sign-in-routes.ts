import {plainAddress} from '@voicebridge/shared/config/addresses.ts';
import type {Log} from '@voicebridge/shared/observability/log.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import {Router, type Request, type Response} from 'express';
import {z} from 'zod';
import {type DemoMark, demoMark} from '../database/demo-mark.ts';
import type {DatabaseWatch} from '../database/database-watch.ts';
import {cameOverHttps, COOKIE, sameOrigin, SECURE_COOKIE, tokenOf} from './gate.ts';
import type {Password} from '../auth/password.ts';
import {jsonBody} from './json-body.ts';
import {readRequest} from './read-request.ts';
import {BadQuestion} from '../queries/bad-question.ts';
import {audit} from '../auth/audit.ts';
import type {OpenStreams} from '../auth/open-streams.ts';
import {nameOfSession, type Sessions} from '../auth/sessions.ts';
import {signedIn} from '../auth/viewer.ts';
import {SignInThrottle} from '../auth/sign-in-throttle.ts';

export const SignIn = z.strictObject({
  password: z.string().min(1, 'must not be empty').max(1_000).describe('the DASHBOARD_PASSWORD of analytics'),
});

export const SessionAnswer = z.object({
  signIn: z.enum(['off', 'required']).describe('`off` on loopback without a password'),
  signedIn: z.boolean(),
  demo: z
    .object({
      simulated: z.number().describe('how many different calls were simulated'),
      calls: z.number().describe('how many calls they were stored as'),
    })
    .nullable()
    .describe('not null: the calls are demo data'),
});
export type SessionAnswer = z.infer<typeof SessionAnswer>;

/** Whether the calls are demo data is looked up this often. */
const DEMO_FOR: Millis = 10_000;

export interface SignInDeps {
  readonly password: Password | undefined;
  readonly database: DatabaseWatch;
  readonly sessions: Sessions;
  readonly streams: OpenStreams;
  readonly clock: Clock;
  readonly log: Log;
}

/** Signing in and out. These routes are in front of the gate. */
export function signInRoutes({password, database, sessions, streams, clock, log}: SignInDeps): Router {
  const routes = Router();
  const throttle = new SignInThrottle();
  // Anybody may ask for the session, and each question to the embedded database keeps this process for two milliseconds.
  let demo: {readonly at: Millis; readonly mark: DemoMark | undefined} | undefined;
  const demoNow = async () => {
    if (demo === undefined || clock.now() - demo.at > DEMO_FOR)
      demo = {at: clock.now(), mark: await demoMark(database.now)};
    return demo.mark;
  };

  routes.get('/api/session', async (request, response) => {
    const token = tokenOf(request);
    const answer: SessionAnswer = {
      signIn: password ? 'required' : 'off',
      signedIn: token !== undefined && (await sessions.find(token)) !== undefined,
      demo: (await demoNow()) ?? null,
    };
    response.json(answer);
  });

  routes.post('/api/sign-in', jsonBody('4kb'), async (request, response) => {
    sameOrigin(request);
    const {password: given} = readRequest(SignIn, request.body ?? {});
    if (!password) throw new BadQuestion({error: 'nobody signs in here', cure: 'set DASHBOARD_PASSWORD'}, 409);
    // Of the browser, if a proxy of ours stands between us (TRUSTED_PROXIES).
    const address = plainAddress(request.ip ?? '');
    const wait = Math.ceil(throttle.wait(address, clock.now()) / 1_000);
    if (wait > 0) {
      response.set('retry-after', String(wait));
      throw new BadQuestion({error: 'too many wrong passwords', cure: `try again in ${wait} s`}, 429);
    }
    // Counted before the check, so that concurrent guesses are counted too.
    throttle.failed(address, clock.now());
    if (!(await password.matches(given))) {
      log.warn({}, 'sign-in refused');
      await audit(database.now, {action: 'sign-in.refused', subject: 'dashboard', who: null, address});
      throw new BadQuestion({error: 'that is not the password', field: 'password', cure: 'try again'}, 401);
    }
    throttle.succeeded(address);
    const session = await sessions.open();
    await audit(database.now, {action: 'sign-in', subject: 'dashboard', who: whoOf(session), address});
    setCookie(request, response, session);
    response.status(204).end();
  });

  routes.post('/api/sign-out', async (request, response) => {
    sameOrigin(request);
    const token = tokenOf(request);
    const name = token === undefined ? undefined : await sessions.find(token);
    if (token !== undefined && name !== undefined) {
      await sessions.close(token);
      streams.end(token);
      await audit(database.now, {action: 'sign-out', subject: 'dashboard', who: whoOf(token), address: request.ip});
    }
    setCookie(request, response, '');
    response.status(204).end();
  });
  return routes;
}

const whoOf = (token: string) => signedIn(nameOfSession(token), token).who;

function setCookie(request: Request, response: Response, token: string): void {
  const secure = cameOverHttps(request);
  response.cookie(secure ? SECURE_COOKIE : COOKIE, token, {
    httpOnly: true,
    sameSite: 'strict',
    secure,
    path: '/',
    ...(token === '' ? {maxAge: 0} : {}),
  });
}
