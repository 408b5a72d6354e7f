import type {Request, RequestHandler} from 'express';
import type {ApiToken} from '@voicebridge/shared/config/api-tokens.ts';
import type {Sessions} from '../auth/sessions.ts';
import type {Scope} from '@voicebridge/shared/config/api-tokens.ts';
import {LOCAL, signedIn, type Viewer, viewerOfToken} from '../auth/viewer.ts';
import {BadQuestion} from '../queries/bad-question.ts';

/** The session cookie. Over https it has the prefix `__Host-`: no other host and no plain-http page can set it. */
export const COOKIE = 'voicebridge';
export const SECURE_COOKIE = `__Host-${COOKIE}`;

/**
 * Whether the browser used https, according to the proxy in front. Decides only the name and flags of its own cookie.
 */
export function cameOverHttps(request: Request): boolean {
  // The first is what the browser used, if several proxies have each added theirs.
  return request.get('x-forwarded-proto')?.split(',', 1)[0]?.trim() === 'https';
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
const NOBODY: Viewer = {who: 'nobody', may: new Set()};
export const viewerOf = (request: Request): Viewer => viewers.get(request) ?? NOBODY;

export interface GateOptions {
  readonly signIn: 'off' | 'required';
  readonly tokens: readonly ApiToken[];
  readonly sessions: Sessions;
  /** Called for each request that has passed. */
  readonly passed: (request: Request) => void;
}

/** Checks every request under /api except signing in and the description of the API. */
export function gate({signIn, tokens, sessions, passed}: GateOptions): RequestHandler {
  const viewerFor = async (request: Request): Promise<Viewer> => {
    const [, bearer] = /^Bearer +(\S+)$/i.exec(request.get('authorization') ?? '') ?? [];
    if (bearer !== undefined) {
      const program = viewerOfToken(tokens, bearer);
      if (program) return program;
      throw new BadQuestion({error: 'this token is not known', cure: 'npm run api-token makes one'}, 401);
    }
    if (signIn === 'off') return LOCAL;
    const token = tokenOf(request);
    const name = token === undefined ? undefined : await sessions.find(token);
    if (token !== undefined && name !== undefined) return signedIn(name, token);
    throw new BadQuestion({error: 'you are not signed in', cure: 'POST the password to /api/sign-in'}, 401);
  };
  return async (request, _response, next) => {
    sameOrigin(request);
    const viewer = await viewerFor(request);
    demand(viewer, 'read');
    viewers.set(request, viewer);
    passed(request);
    next();
  };
}

const WHAT: Readonly<Record<Scope, string>> = {
  read: 'reading',
  words: 'reading what was said',
  delete: 'deleting',
  audit: 'reading the audit',
  send: 'sending webhooks again',
  'hang-up': 'hanging up',
  transfer: 'transferring callers',
  call: 'having calls made',
  tag: 'writing on calls',
};

/** Throws `BadQuestion` unless this viewer may do this. */
export function demand({who, may}: Viewer, scope: Scope): void {
  if (may.has(scope)) return;
  throw new BadQuestion(
    who === null
      ? {
          error: `${WHAT[scope]} needs a sign-in or a token`,
          cure: 'set DASHBOARD_PASSWORD and sign in, or send a token of API_TOKENS',
        }
      : {error: `this token is not for ${WHAT[scope]}`, cure: `use one with the scope ${scope}`},
    403,
  );
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
