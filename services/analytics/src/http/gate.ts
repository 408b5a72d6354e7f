import {isLoopback} from '@voicebridge/shared/config/addresses.ts';
import type {Clock} from '@voicebridge/shared/time.ts';
import type {Request, RequestHandler} from 'express';
import type {DatabaseWatch} from '../database/database-watch.ts';
import {BadQuestion} from '../queries/bad-question.ts';
import type {Viewer} from '../queries/read-call.ts';
import {findSession} from '../auth/sessions.ts';

/** The cookie of a session. Over https it has the prefix that lets no other site and no plain page set it. */
export const COOKIE = 'voicebridge';
export const SECURE_COOKIE = `__Host-${COOKIE}`;

/** Whether the browser came over https, as the proxy in front says. Only decides how its own cookie is marked. */
export function cameOverHttps(request: Request): boolean {
  return request.get('x-forwarded-proto') === 'https';
}

export function tokenOf(request: Request): string | undefined {
  const wanted = cameOverHttps(request) ? SECURE_COOKIE : COOKIE;
  for (const pair of (request.get('cookie') ?? '').split(';')) {
    const [name, value] = pair.trim().split('=', 2);
    if (name === wanted && value !== undefined && /^[\w-]{43}$/.test(value)) return value;
  }
  return undefined;
}

/** What the gate knows of a request, for the routes behind it. */
const viewers = new WeakMap<Request, Viewer>();
export const viewerOf = (request: Request): Viewer => viewers.get(request) ?? {signIn: 'required', session: undefined};

export interface GateOptions {
  readonly signIn: 'off' | 'required';
  readonly database: DatabaseWatch;
  readonly clock: Clock;
}

/** Everything under /api passes here but signing in, and the description of the API. */
export function gate({signIn, database, clock}: GateOptions): RequestHandler {
  return async (request, _response, next) => {
    sameOrigin(request);
    if (signIn === 'off') {
      // Nobody signs in, so no name but this machine's may lead here: not one that a web page had resolved to it.
      if (!isLoopback(hostnameOf(request.get('host') ?? '')))
        throw new BadQuestion(
          {error: 'this address is only for this machine', cure: 'use http://127.0.0.1, or set DASHBOARD_PASSWORD'},
          403,
        );
      viewers.set(request, {signIn});
    } else {
      const token = tokenOf(request);
      const session = token === undefined ? undefined : await findSession(database.now, token, clock.wall());
      viewers.set(request, {signIn, session});
      if (session === undefined)
        throw new BadQuestion({error: 'you are not signed in', cure: 'POST the password to /api/sign-in'}, 401);
    }
    next();
  };
}

/** A write that a browser sends for another site's page names that site. */
export function sameOrigin(request: Request): void {
  if (request.method === 'GET' || request.method === 'HEAD') return;
  const origin = request.get('origin');
  const site = request.get('sec-fetch-site');
  const foreign =
    (origin !== undefined && URL.parse(origin)?.host !== request.get('host')) ||
    (site !== undefined && site !== 'same-origin' && site !== 'none');
  if (foreign) throw new BadQuestion({error: 'another site asked for this', cure: 'use the dashboard itself'}, 403);
}

function hostnameOf(host: string): string {
  return (URL.parse(`http://${host}`)?.hostname ?? '').replace(/^\[(.*)\]$/, '$1');
}
