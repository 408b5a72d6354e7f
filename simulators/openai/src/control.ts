import type {IncomingMessage, ServerResponse} from 'node:http';
import {text} from 'node:stream/consumers';
import {readCallers, type CallerQueue} from './knobs/caller-knobs.ts';
import type {FakeSession} from './session/fake-session.ts';
import {isRecord} from './json/json-schema.ts';
import {readKnobs, type Knobs} from './knobs/knobs.ts';
import type {ModelScript, Reply} from './answering/model-script.ts';
import {sessionSummary} from './session/session-summary.ts';

/** The part of the server that other processes can read and change over HTTP. */
export interface Controlled {
  readonly sessions: readonly FakeSession[];
  readonly refusedUpgrades: readonly unknown[];
  knobs: Knobs;
  readonly callers: CallerQueue;
  script: ModelScript;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * The control API, on the same port as the protocol:
 *
 *   GET  /sessions                    every session: items, refusals, what was heard (bytes and sha256)
 *   GET  /sessions/ID                 one of them
 *   GET  /sessions/ID/heard           its caller audio, raw
 *   GET  /sessions/ID/events          which events passed when
 *   POST /sessions/ID/close           {"code":1001,"reason":"…"}
 *   POST /sessions/ID/reset|freeze|thaw
 *   GET  /knobs, POST /knobs          the second merges
 *   POST /callers                     [{"first":{…},"later":{…}}]: knobs of the next callers, for their first session and later ones
 *   POST /script                      a list of replies
 *   GET  /refused                     upgrades that did not become sessions
 *   GET  /livez
 */
export async function answerControl(
  server: Controlled,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const {pathname} = new URL(request.url ?? '/', 'http://localhost');
  const answer = await answerTo(server, `${request.method ?? 'GET'} ${pathname}`, request).catch(failure);
  const isRaw = Buffer.isBuffer(answer.body);
  response.writeHead(answer.status, {'content-type': isRaw ? 'application/octet-stream' : 'application/json'});
  response.end(isRaw ? answer.body : `${JSON.stringify(answer.body)}\n`);
}

async function answerTo(server: Controlled, asked: string, request: IncomingMessage): Promise<Answer> {
  const [, method, id, action] = /^(GET|POST) \/sessions\/([^/]+)(?:\/(\w+))?$/.exec(asked) ?? [];
  if (method !== undefined) {
    const session = server.sessions.find(one => one.id === id);
    if (!session) return {status: 404, body: {error: 'no such session'}};
    return method === 'GET' ? look(session, action) : touch(session, action, await json(request));
  }
  switch (asked) {
    case 'GET /livez':
      return {status: 200, body: {ok: true}};
    case 'GET /sessions':
      return {status: 200, body: server.sessions.map(sessionSummary)};
    case 'GET /refused':
      return {status: 200, body: server.refusedUpgrades};
    case 'GET /knobs':
      return {status: 200, body: server.knobs};
    case 'POST /knobs':
      Object.assign(server.knobs, readKnobs(await json(request)));
      return {status: 200, body: server.knobs};
    case 'POST /callers':
      server.callers.add(...readCallers(await json(request)));
      return {status: 200, body: {ok: true}};
    case 'POST /script':
      server.script = readScript(await json(request));
      return {status: 200, body: {ok: true}};
    case 'GET /v1/realtime':
      return {status: 426, body: {error: 'this address speaks WebSocket'}};
    default:
      return {status: 404, body: {error: 'not found'}};
  }
}

function look(session: FakeSession, what: string | undefined): Answer {
  if (what === undefined) return {status: 200, body: sessionSummary(session)};
  if (what === 'heard') return {status: 200, body: session.heardAudio()};
  if (what === 'events') return {status: 200, body: session.events};
  return {status: 404, body: {error: 'not found'}};
}

function touch(session: FakeSession, action: string | undefined, body: unknown): Answer {
  const {code, reason} = isRecord(body) ? body : {};
  switch (action) {
    case 'close':
      session.close(typeof code === 'number' ? code : 1000, typeof reason === 'string' ? reason : '');
      break;
    case 'reset':
    case 'freeze':
    case 'thaw':
      session[action]();
      break;
    case undefined:
    default:
      return {status: 404, body: {error: 'not found'}};
  }
  return {status: 200, body: {ok: true}};
}

async function json(request: IncomingMessage): Promise<unknown> {
  const body = await text(request);
  return body === '' ? {} : JSON.parse(body);
}

function readScript(body: unknown): ModelScript {
  if (Array.isArray(body) && body.every(Array.isArray)) return body as Reply[];
  throw new TypeError('a script is a list of replies, each a list of parts');
}

function failure(error: unknown): Answer {
  return {status: 400, body: {error: error instanceof Error ? error.message : String(error)}};
}
