import {once} from 'node:events';
import {connect as connectTcp} from 'node:net';
import OpenAI from 'openai';
import {OpenAIRealtimeWS} from 'openai/realtime/ws';
import {afterEach, expect, test} from 'vitest';
import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import {WebSocket} from 'ws';
import {startFakeOpenAI, type FakeOpenAI, type FakeOpenAIOptions} from './fake-openai.ts';
import type {FakeSession} from './session/fake-session.ts';
import {journal, type JournalLine} from './session/session-journal.ts';
import {silence, speech, type Frame} from './testing/test-client.ts';

const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
});

async function serve(options: FakeOpenAIOptions = {}): Promise<FakeOpenAI> {
  const server = await startFakeOpenAI({clock: new FakeClock(), apiKey: 'sk-right', ...options});
  opened.push(() => server[Symbol.asyncDispose]());
  return server;
}

interface Dial {
  readonly model?: string | undefined;
  readonly key?: string | undefined;
  readonly headers?: Record<string, string>;
  readonly protocols?: string[];
}

/** A client of the real kind, that remembers what came and waits for what is to come. */
class Client {
  readonly socket: WebSocket;
  readonly frames: Frame[] = [];
  readonly closed: Promise<{code: number; reason: string}>;
  readonly opened: Promise<unknown>;
  readonly #waiting = new Set<() => void>();

  constructor(
    server: FakeOpenAI,
    {model = 'gpt-realtime-2.1', key = 'sk-right', headers = {}, protocols = []}: Dial = {},
  ) {
    const authorization = key === '' ? {} : {authorization: `Bearer ${key}`};
    this.socket = new WebSocket(`${server.url}?model=${model}`, protocols, {headers: {...authorization, ...headers}});
    opened.push(() => this.socket.terminate());
    const {promise, resolve} = Promise.withResolvers<{code: number; reason: string}>();
    this.closed = promise;
    this.socket.on('close', (code, reason) => resolve({code, reason: String(reason)}));
    this.opened = once(this.socket, 'open').catch((error: Error) => error.message);
    this.socket.on('error', () => {});
    this.socket.on('message', frame => {
      this.frames.push(JSON.parse(Buffer.isBuffer(frame) ? frame.toString() : ''));
      for (const check of this.#waiting) check();
    });
  }

  say(type: string, fields: object = {}): void {
    this.socket.send(JSON.stringify({type, ...fields}));
  }

  async frame(type: string): Promise<Frame> {
    const {promise, resolve} = Promise.withResolvers<Frame>();
    const check = () => {
      const found = this.frames.find(frame => frame.type === type);
      if (found) resolve(found);
    };
    this.#waiting.add(check);
    check();
    return promise;
  }
}

/** A connected client, its session, and the clock both live on. */
async function connected(options: FakeOpenAIOptions = {}) {
  const clock = new FakeClock();
  const server = await serve({...options, clock});
  const client = new Client(server);
  await client.frame('session.created');
  const [session] = server.sessions as [FakeSession];
  return {clock, server, client, session};
}

/** Resolves once the session has seen an event of this type from the client. */
async function received(session: FakeSession, type: string): Promise<void> {
  const {promise, resolve} = Promise.withResolvers<void>();
  session.onEvent(event => {
    if (event.direction === 'in' && event.type === type) resolve();
  });
  await promise;
}

test('a client with the right key and a known model gets a session', async () => {
  const {server, session} = await connected();
  expect(server.url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\/v1\/realtime$/);
  expect(session.model).toBe('gpt-realtime-2.1');
  expect(session.query).toEqual({model: 'gpt-realtime-2.1'});
  expect(session.headers['authorization']).toBe('Bearer sk-right');
});

test.for([
  ['no key', {key: ''}, 401],
  ['a wrong key', {key: 'sk-wrong'}, 401],
  ['an unknown model', {model: 'gpt-5'}, 404],
] as const)('%s is refused before the upgrade', async ([, dial, status]) => {
  const server = await serve();
  expect(await new Client(server, dial).opened).toBe(`Unexpected server response: ${status}`);
  expect(server.sessions).toEqual([]);
  expect(server.refusedUpgrades).toMatchObject([{status}]);
});

test('a key may also come as a subprotocol, from clients that cannot set a header', async () => {
  const server = await serve();
  const protocols = ['realtime', 'openai-insecure-api-key.sk-right'];
  const client = new Client(server, {key: '', protocols});
  await client.frame('session.created');
  expect(client.socket.protocol).toBe('realtime');
});

test.for([429, 500, 503])('an upgrade can be answered with %d', async status => {
  const server = await serve({knobs: {upgradeStatus: status}});
  expect(await new Client(server).opened).toContain(String(status));
});

test('a server may accept the upgrade and close at once', async () => {
  const reason = 'invalid_request_error.invalid_api_key';
  const server = await serve({knobs: {closeAfterAccept: {code: 3000, reason}}});
  const client = new Client(server);
  expect(await client.closed).toEqual({code: 3000, reason});
  expect(client.frames).toEqual([]);
});

test('a client of the beta protocol is told so and sent away', async () => {
  const server = await serve();
  const client = new Client(server, {headers: {'openai-beta': 'realtime=v1'}});
  expect(await client.closed).toEqual({code: 4000, reason: 'invalid_request_error.beta_api_shape_disabled'});
  expect(client.frames).toMatchObject([{type: 'error', error: {code: 'beta_api_shape_disabled'}}]);
});

test('an upgrade can take its time', async () => {
  const clock = new FakeClock();
  const server = await serve({clock, knobs: {connectDelayMs: 700}});
  const client = new Client(server);
  while (clock.waiting === 0) await new Promise(resolve => setImmediate(resolve));
  clock.advance(699);
  expect(server.sessions).toEqual([]);
  clock.advance(1);
  await client.frame('session.created');
});

test('pings are answered, never sent, and ignored when asked to', async () => {
  const {client, server, session} = await connected();
  let pings = 0;
  client.socket.on('ping', () => (pings += 1));
  client.socket.ping('one');
  expect(String((await once(client.socket, 'pong'))[0])).toBe('one');
  server.knobs.refusePongs = true;
  let pongs = 0;
  client.socket.on('pong', () => (pongs += 1));
  client.socket.ping('two');
  client.say('response.cancel');
  await client.frame('error');
  expect([pongs, pings, session.refusals.length]).toEqual([0, 0, 1]);
});

test('a frozen session moves nothing until it thaws, and then loses nothing', async () => {
  const {client, session} = await connected();
  session.freeze();
  session.send({type: 'input_audio_buffer.cleared'});
  client.say('input_audio_buffer.clear');
  expect(client.frames).toHaveLength(1);
  const seen = received(session, 'input_audio_buffer.clear');
  session.thaw();
  await seen;
  while (client.frames.length < 3) await once(client.socket, 'message');
  expect(client.frames.slice(1).map(({type}) => type)).toEqual([
    'input_audio_buffer.cleared',
    'input_audio_buffer.cleared',
  ]);
});

test('a reset breaks the connection without a close frame', async () => {
  const {client, session} = await connected();
  session.reset();
  expect((await client.closed).code).toBe(1006);
  expect(await session.closed).toBe(1006);
});

test('a session that is closed tells the client why', async () => {
  const {client, session} = await connected();
  session.close(1011, 'maintenance');
  expect(await client.closed).toEqual({code: 1011, reason: 'maintenance'});
});

test.each([
  [4_321, 'try another region', 4_321],
  [1_005, '', 1_005],
  [1_006, '', 1_006],
])(
  'a session that the server closes by itself says so with code %i, if that can be said',
  async (code, reason, seen) => {
    const {client, clock} = await connected({knobs: {closeAfter: {ms: [3_000, 3_000], code, reason}}});
    clock.advance(3_000);
    expect(await client.closed).toEqual({code: seen, reason});
  },
);

test('callers can each meet a server of another kind', async () => {
  const server = await serve();
  const http = `http://127.0.0.1:${server.port}/callers`;
  const body = JSON.stringify([{first: {sessionSeconds: 60}, later: {}}]);
  expect((await fetch(http, {method: 'POST', body})).status).toBe(200);
  expect((await fetch(http, {method: 'POST', body: '[{"first":{"speeed":1}}]'})).status).toBe(400);
  for (const caller of ['ada', 'bob', 'ada']) {
    await new Client(server, {headers: {'openai-safety-identifier': caller}}).frame('session.created');
  }
  const lives = server.sessions.map(
    ({expiresAt}) => expiresAt - Math.min(...server.sessions.map(each => each.expiresAt)),
  );
  expect(lives).toEqual([0, 3_540, 3_540]);
});

test('a client that leaves ends its session', async () => {
  const {client, session, clock} = await connected();
  client.socket.close(1000);
  expect(await session.closed).toBe(1000);
  expect(clock.waiting).toBe(0);
});

test('a slow network delays each frame and keeps their order', async () => {
  const {client, clock, server, session} = await connected();
  server.knobs.frameDelayMs = [50, 200];
  for (const type of ['one', 'two', 'three']) session.send({type});
  clock.advance(49);
  client.socket.ping();
  await once(client.socket, 'pong');
  expect(client.frames).toHaveLength(1);
  clock.advance(200);
  await client.frame('three');
  expect(client.frames.map(({type}) => type)).toEqual(['session.created', 'one', 'two', 'three']);
});

test('knobs and script may be replaced while sessions run', async () => {
  const {client, clock, server, session} = await connected();
  server.script = [[{say: {text: 'new words', audioMs: 500}}]];
  server.knobs = {...server.knobs, firstDeltaMs: [50, 50]};
  client.say('response.create');
  await received(session, 'response.create');
  clock.advance(1_000);
  await client.frame('response.done');
  expect(session.responses[0]).toMatchObject({status: 'completed', firstAudioAt: 50});
  expect(session.items[0]?.text).toBe('new words');
});

test('a hundred sessions speak at once, each with its own ids and its own audio', async () => {
  const clock = new FakeClock();
  const server = await serve({clock, knobs: {tagged: true}});
  const clients = Array.from({length: 100}, () => new Client(server));
  await Promise.all(clients.map(client => client.frame('session.created')));
  const asked = server.sessions.map(session => received(session, 'response.create'));
  for (const client of clients) client.say('response.create');
  await Promise.all(asked);
  clock.advance(10_000);
  await Promise.all(clients.map(client => client.frame('response.done')));
  expect(new Set(server.sessions.map(({id}) => id)).size).toBe(100);
  expect(new Set(server.sessions.map(({items}) => items[0]?.tag)).size).toBe(100);
});

test('other processes can look at sessions and change them', async () => {
  const {client, clock, server, session} = await connected();
  const http = `http://127.0.0.1:${server.port}`;
  const post = (path: string, body: unknown) => fetch(`${http}${path}`, {method: 'POST', body: JSON.stringify(body)});
  client.say('input_audio_buffer.append', {audio: silence(20).toString('base64')});
  client.say('response.cancel');
  await client.frame('error');
  const [summary] = (await (await fetch(`${http}/sessions`)).json()) as Record<string, unknown>[];
  expect(summary).toMatchObject({
    id: session.id,
    heard: {bytes: 160, sha256: session.heardSha256()},
    refusals: [{code: 'response_cancel_not_active'}],
  });
  const heard = Buffer.from(await (await fetch(`${http}/sessions/${session.id}/heard`)).arrayBuffer());
  expect(heard.equals(silence(20))).toBe(true);
  expect((await post('/knobs', {speed: [5, 5]})).status).toBe(200);
  expect(server.knobs.speed).toEqual([5, 5]);
  expect((await post('/knobs', {speeed: 5})).status).toBe(400);
  expect((await post('/knobs', {speed: 'fast'})).status).toBe(400);
  expect((await post('/script', [[{say: 'assistant-sorry'}]])).status).toBe(200);
  expect(server.script).toEqual([[{say: 'assistant-sorry'}]]);
  expect((await post(`/sessions/${session.id}/close`, {code: 1011, reason: 'test'})).status).toBe(200);
  expect(await client.closed).toEqual({code: 1011, reason: 'test'});
  expect((await fetch(`${http}/sessions/nobody`)).status).toBe(404);
  expect(clock.waiting).toBe(0);
});

test('a journal tells a session in a line for each turn', async () => {
  const {client, clock, session, server} = await connected({transcribe: () => 'Goodbye.'});
  server.knobs = {...server.knobs, firstDeltaMs: [400, 400], speed: [5, 5]};
  const lines: JournalLine[] = [];
  journal(session, line => lines.push(line));
  const format = {type: 'audio/pcmu'};
  client.say('session.update', {session: {type: 'realtime', audio: {input: {format}, output: {format}}}});
  client.say('input_audio_buffer.append', {audio: Buffer.concat([speech(800), silence(700)]).toString('base64')});
  await client.frame('response.created');
  clock.advance(10_000);
  const {item_id} = await client.frame('response.output_audio.done');
  client.say('conversation.item.truncate', {item_id, content_index: 0, audio_end_ms: 500});
  client.say('conversation.item.truncate', {item_id, content_index: 0, audio_end_ms: 501});
  await client.frame('error');
  client.socket.close();
  await session.closed;
  expect(lines).toMatchObject([
    {event: 'session opened', session: session.id},
    {event: 'caller spoke', words: 'Goodbye.'},
    {event: 'model answered', status: 'completed', firstAudioMs: 400},
    {event: 'item truncated', heardMs: 500},
    {event: 'request refused', code: 'invalid_value'},
    {event: 'session closed', refusals: 1},
  ]);
});

test('the official client holds a conversation with it and is never refused', async () => {
  const clock = new FakeClock();
  const server = await serve({clock});
  // The official client speaks TLS only; its socket is led to the plain port.
  const createConnection = () => connectTcp(server.port, '127.0.0.1');
  const openai = new OpenAI({apiKey: 'sk-right', baseURL: 'https://fake.invalid/v1'});
  const realtime = new OpenAIRealtimeWS({model: 'gpt-realtime-2.1', options: {createConnection}}, openai);
  opened.push(() => realtime.close());
  const types: string[] = [];
  const failures: string[] = [];
  realtime.on('event', ({type}) => types.push(type));
  realtime.on('error', ({message}) => failures.push(message));
  const event = async (name: 'session.created' | 'session.updated' | 'response.created' | 'response.done') => {
    const {promise, resolve} = Promise.withResolvers<void>();
    realtime.once(name, () => resolve());
    await promise;
  };
  await event('session.created');
  realtime.send({
    type: 'session.update',
    session: {
      type: 'realtime',
      instructions: 'Answer the phone.',
      audio: {
        input: {format: {type: 'audio/pcmu'}, turn_detection: {type: 'server_vad'}},
        output: {format: {type: 'audio/pcmu'}, voice: 'cedar'},
      },
    },
  });
  await event('session.updated');
  realtime.send({
    type: 'input_audio_buffer.append',
    audio: Buffer.concat([speech(800), silence(700)]).toString('base64'),
  });
  await event('response.created');
  clock.advance(10_000);
  await event('response.done');
  expect(failures).toEqual([]);
  expect(types).toContain('response.output_audio.delta');
  expect(server.sessions[0]?.refusals).toEqual([]);
});
