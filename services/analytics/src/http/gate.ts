import {isLoopback} from '@voicebridge/shared/config/addresses.ts';
import type {Clock} from '@voicebridge/shared/time.ts';
import type {Request, RequestHandler} from 'express';
import type {DatabaseWatch} from '../database/database-watch.ts';
import {BadQuestion} from '../queries/bad-question.ts';
import type {Viewer} from '../queries/read-call.ts';
import {findSession} from '../auth/sessions.ts';

/** The session cookie. Over https it has the prefix `__Host-`: no other host and no plain-http page can set it. */
export const COOKIE = 'voicebridge';
export const SECURE_COOKIE = `__Host-${COOKIE}`;

/**
 * Whether the browser used https, according to the proxy in front. Decides only the name and flags of its own cookie.
 */
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

/** The viewer of each request that has passed the gate, for the routes behind it. */
const viewers = new WeakMap<Request, Viewer>();
export const viewerOf = (request: Request): Viewer => viewers.get(request) ?? {signIn: 'required', session: undefined};

export interface GateOptions {
  readonly signIn: 'off' | 'required';
  readonly database: DatabaseWatch;
  readonly clock: Clock;
  /** Called for each request that has passed. */
  readonly passed: (request: Request) => void;
}

/** Checks every request under /api except signing in and the description of the API. */
export function gate({signIn, database, clock, passed}: GateOptions): RequestHandler {
  return async (request, _response, next) => {
    sameOrigin(request);
    if (signIn === 'off') {
      // Without sign-in only loopback names are accepted: a web page could have its own name resolved to 127.0.0.1 (DNS
      // rebinding).
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
    passed(request);
    next();
  };
}

/** Refuses a write from a page of another site: browsers name the site in `Origin` and `Sec-Fetch-Site`. */
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
