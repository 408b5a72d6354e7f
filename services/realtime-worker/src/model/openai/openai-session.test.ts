import {once} from 'node:events';
import type {Socket} from 'node:net';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {createMetrics} from '@voicebridge/shared/observability/metrics.ts';
import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import {type Clock, systemClock} from '@voicebridge/shared/time.ts';
import {afterEach, describe, expect, test} from 'vitest';
import {type WebSocket, WebSocketServer} from 'ws';
import {ProcessPauses} from '../../health/process-pauses.ts';
import type {ModelEvent, ModelSession, SessionSettings} from '../model-adapter.ts';
import {pcmTone} from '../../testing/pcm.ts';
import {assistantTools} from '../../tools/assistant-tools.ts';
import {openAIAdapter} from './openai-session.ts';
import {sessionUpdate} from './client-events.ts';

const log = createLog('test', {level: 'silent'});
const settings: SessionSettings = {
  model: 'gpt-realtime-2.1',
  instructions: 'be kind',
  voice: 'alloy',
  tools: assistantTools,
  serverInterrupts: false,
  serverResponds: true,
  maxOutputTokens: 4_096,
  safetyId: 'a1b2',
};

/** A server of the protocol that sends what a test tells it to. */
class ScriptedServer implements AsyncDisposable {
  readonly #server: WebSocketServer;
  readonly received: Record<string, unknown>[] = [];
  readonly heads: {url: string; headers: Record<string, unknown>}[] = [];

  constructor(answer: (event: Record<string, unknown>) => readonly (object | string | Buffer)[], refuse?: number) {
    this.#server = new WebSocketServer({
      port: 0,
      host: '127.0.0.1',
      ...(refuse === undefined
        ? {}
        : {verifyClient: (_info: unknown, done: (ok: boolean, code?: number) => void) => done(false, refuse)}),
    });
    this.#server.on('connection', (socket, request) => {
      this.heads.push({url: request.url ?? '', headers: request.headers});
      const say = (messages: readonly (object | string | Buffer)[]) => {
        for (const message of messages) {
          if (typeof message === 'string' || Buffer.isBuffer(message)) socket.send(message);
          else if ('close' in message)
            socket.close(Number(message.close), 'reason' in message ? String(message.reason) : '');
          else socket.send(JSON.stringify(message));
        }
      };
      say(answer({type: 'connected'}));
      socket.on('message', data => {
        const event = JSON.parse(Buffer.from(data as Buffer).toString('utf8')) as Record<string, unknown>;
        this.received.push(event);
        say(answer(event));
      });
    });
  }

  /** Its sockets, to send what no well-behaved server sends, or to read nothing. */
  get sockets(): ReadonlySet<WebSocket> {
    return this.#server.clients;
  }

  async url(): Promise<string> {
    if (!this.#server.address()) await once(this.#server, 'listening');
    return `ws://127.0.0.1:${(this.#server.address() as {port: number}).port}/v1/realtime`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#server.clients) client.terminate();
    await new Promise(resolve => this.#server.close(resolve));
  }
}

const created = {type: 'session.created', session: {}};
const updated = (format = 'audio/pcmu') => ({
  type: 'session.updated',
  session: {audio: {input: {format: {type: format}}, output: {format: {type: format}}}},
});
const wellBehaved = (event: Record<string, unknown>) =>
  event['type'] === 'connected' ? [created] : event['type'] === 'session.update' ? [updated()] : [];

const audioDelta = {
  type: 'response.output_audio.delta',
  response_id: 'r1',
  item_id: 'i1',
  output_index: 0,
  content_index: 0,
};
const turn = () => new Promise<void>(resolve => setImmediate(resolve));

describe('a model session', () => {
  const cleanup = new AsyncDisposableStack();
  const metrics = createMetrics('test');
  let session: ModelSession | undefined;
  afterEach(async () => {
    await session?.[Symbol.asyncDispose]();
    session = undefined;
  });

  async function open(
    server: ScriptedServer,
    own: SessionSettings = settings,
    clock: Clock = systemClock,
    audio?: 'pcm',
  ): Promise<{events: ModelEvent[]; next: (type: string) => Promise<ModelEvent>}> {
    cleanup.use(server);
    const pauses = cleanup.use(new ProcessPauses(clock, log));
    const events: ModelEvent[] = [];
    const waiting: {type: string; resolve: (event: ModelEvent) => void}[] = [];
    const adapter = openAIAdapter({
      url: await server.url(),
      apiKey: 'sk-secret',
      transcriptionModel: 'gpt-realtime-whisper',
      ...(audio === undefined ? {} : {audio}),
      clock,
      pauses,
      metrics,
      log,
    });
    session = adapter.open(own);
    session.onEvent(event => {
      events.push(event);
      for (const one of waiting) if (one.type === event.type) one.resolve(event);
    });
    const next = (type: string) =>
      new Promise<ModelEvent>(resolve => {
        const already = events.find(event => event.type === type);
        if (already) resolve(already);
        else waiting.push({type, resolve});
      });
    return {events, next};
  }

  test('is lost after 12 seconds without a sign of life, but not because its own process did not run for so long', async () => {
    for (const wasFrozen of [true, false]) {
      const clock = new FakeClock();
      const {events, next} = await open(new ScriptedServer(wellBehaved), settings, clock);
      await next('ready');
      if (wasFrozen) clock.oversleep(16_000);
      else clock.advance(16_000);
      const lost = {type: 'lost', cause: 'closed', note: 'no sign of life from the model', detail: ''};
      expect(events.filter(({type}) => type === 'lost')).toEqual(wasFrozen ? [] : [lost]);
      await session?.[Symbol.asyncDispose]();
    }
  });

  test('that is silent is lost after 12 seconds in which its own process ran, however often that pauses', async () => {
    const clock = new FakeClock();
    const {events, next} = await open(new ScriptedServer(wellBehaved), settings, clock);
    await next('ready');
    const isLost = () => events.some(({type}) => type === 'lost');
    for (let second = 0; second < 12; second += 2) {
      clock.advance(2_000);
      clock.oversleep(1_000);
    }
    expect(isLost()).toBe(false);
    clock.advance(5_000);
    expect(isLost()).toBe(true);
  });

  test('is opened with the key and the model, without anything of the beta, and configured in full', async () => {
    const server = new ScriptedServer(wellBehaved);
    const {next} = await open(server);
    await next('ready');
    expect(server.heads[0]?.url).toBe('/v1/realtime?model=gpt-realtime-2.1');
    expect(server.heads[0]?.headers).toMatchObject({
      authorization: 'Bearer sk-secret',
      'openai-safety-identifier': 'a1b2',
    });
    expect(server.heads[0]?.headers).not.toHaveProperty('openai-beta');
    expect(server.received[0]).toEqual(JSON.parse(JSON.stringify(sessionUpdate(settings, 'gpt-realtime-whisper'))));
  });

  test.each([
    ['pings', 0x89],
    ['pongs', 0x8a],
  ])(
    'whose server floods it with %s leaves their turn to the other calls of the process, and is read slowly',
    async (_name, first) => {
      const server = new ScriptedServer(wellBehaved);
      // Its rests of a millisecond never end.
      const rests = Promise.withResolvers<void>();
      const clock: Clock = {
        now: () => systemClock.now(),
        wall: () => systemClock.wall(),
        after: (ms, run) => {
          if (ms !== 1) return systemClock.after(ms, run);
          rests.resolve();
          return () => {};
        },
      };
      const {next, events} = await open(server, settings, clock);
      await next('ready');
      const [{_socket: connection} = {_socket: undefined}] = server.sockets as unknown as Iterable<{_socket?: Socket}>;
      let answers = 0;
      for (const socket of server.sockets) socket.on('pong', () => (answers += 1));
      connection?.write(Buffer.alloc(400_000, Buffer.from([first, 0])));
      for (const socket of server.sockets) socket.send(JSON.stringify({...audioDelta, delta: 'AAAA'}));
      await rests.promise;
      for (let turns = 0; turns < 20; turns += 1) await turn();
      expect(answers).toBeLessThan(2_000);
      expect(events.filter(({type}) => type === 'audio')).toEqual([]);
    },
  );

  test('that was closed is cut off when its server sends on and on', async () => {
    const server = new ScriptedServer(wellBehaved);
    const {next} = await open(server);
    await next('ready');
    const [socket] = server.sockets;
    const closed = once(socket!, 'close');
    socket!.on('error', () => {});
    // It never answers the end of the session.
    socket!.pause();
    await session?.[Symbol.asyncDispose]();
    const {_socket: connection} = socket as unknown as {_socket: Socket};
    connection.write(Buffer.alloc(1_000_000, Buffer.from([0x89, 0])));
    await closed;
  });

  test('that reads nothing is lost before what waits for it costs memory', async () => {
    const server = new ScriptedServer(wellBehaved);
    const {next, events} = await open(server);
    await next('ready');
    for (const socket of server.sockets) socket.pause();
    const second = Buffer.from(Buffer.alloc(8_000, 0xff).toString('base64'));
    let given = 0;
    while (!events.some(({type}) => type === 'lost') && given < 64_000_000) {
      session?.hear(second, 0, second.length);
      given += second.length;
      if (given % (10 * second.length) === 0) await turn();
    }
    expect(events.at(-1)).toMatchObject({type: 'lost', cause: 'closed', note: 'the model reads nothing'});
    expect(given).toBeLessThan(16_000_000); // a megabyte, and what the buffers of two sockets hold
  });

  test('that floods is read at a megabyte a second, so that other calls of the process go on', async () => {
    const server = new ScriptedServer(wellBehaved);
    const {next, events} = await open(server);
    await next('ready');
    const [socket] = server.sockets;
    const began = performance.now();
    for (let sent = 0; sent < 100; sent += 1) socket?.send(JSON.stringify({...audioDelta, delta: 'A'.repeat(50_000)}));
    while (events.filter(({type}) => type === 'audio').length < 50) await turn();
    const got = events.filter(({type}) => type === 'audio').length * 50_000;
    // What one read of the socket brought when it was paused comes on top.
    expect(got).toBeLessThan(640_000 + 1_000 * (performance.now() - began) + 200_000);
  });

  test('that is not read waits with its server, and then gives all that it had, in order', async () => {
    const server = new ScriptedServer(wellBehaved);
    const {next, events} = await open(server);
    await next('ready');
    const [socket] = server.sockets;
    session?.setPaused(true);
    const delta = (n: number) => JSON.stringify({...audioDelta, delta: Buffer.alloc(6_000, n).toString('base64')});
    for (let n = 0; n < 200; n += 1) socket?.send(delta(n));
    for (let turns = 0; turns < 200; turns += 1) await turn();
    const early = events.filter(({type}) => type === 'audio').length;
    expect(early).toBeLessThan(20);
    session?.setPaused(false);
    while (events.filter(({type}) => type === 'audio').length < 200) await turn();
    const got = events.flatMap(event => (event.type === 'audio' ? [Buffer.from(event.payload, 'base64')[0]] : []));
    expect(got).toEqual(Array.from({length: 200}, (_, n) => n));
  });

  test('that sends its JSON in binary messages, and audio without padding, is understood', async () => {
    const asBinary = (message: object | string | Buffer) => Buffer.from(JSON.stringify(message));
    const server = new ScriptedServer(event => wellBehaved(event).map(asBinary));
    const {next} = await open(server);
    await next('ready');
    for (const socket of server.sockets) socket.send(asBinary({...audioDelta, delta: 'AQIDBA'}));
    expect(await next('audio')).toMatchObject({payload: 'AQIDBA=='});
  });

  test('that would answer in another audio format than the telephone’s is refused before any audio', async () => {
    const {next} = await open(
      new ScriptedServer(event => (event['type'] === 'connected' ? [created] : [updated('audio/pcm')])),
    );
    expect(await next('lost')).toMatchObject({cause: 'misconfigured'});
  });

  test('whose server agrees to the telephone’s audio and then speaks linear audio is refused before a caller hears the noise', async () => {
    const {next, events} = await open(
      new ScriptedServer(event =>
        event['type'] === 'session.update'
          ? [
              {type: 'session.updated', session: {}},
              {...audioDelta, delta: pcmTone(24_000, 200, 440)},
            ]
          : [created],
      ),
    );
    expect(await next('lost')).toMatchObject({
      cause: 'misconfigured',
      note: expect.stringContaining('OPENAI_AUDIO=pcm'),
    });
    expect(events.map(({type}) => type)).toEqual(['ready', 'lost']);
  });

  test('with a server that knows linear audio only asks for that, and refuses any other answer', async () => {
    const format = {type: 'audio/pcm', rate: 24_000};
    const updatedTo = (...formats: object[]) => ({
      type: 'session.updated',
      session: {audio: {input: {format: formats[0]}, output: {format: formats[1]}}},
    });
    const answers = [
      [updatedTo(format, format), 'ready'],
      [updatedTo({type: 'audio/pcm'}, {}), 'ready'],
      [updatedTo(format, {type: 'audio/pcmu'}), 'lost'],
      [updatedTo(format, {type: 'audio/pcm', rate: 16_000}), 'lost'],
    ] as const;
    for (const [answer, outcome] of answers) {
      const server = new ScriptedServer(event => (event['type'] === 'connected' ? [created] : [answer]));
      const {next} = await open(server, settings, systemClock, 'pcm');
      await next(outcome);
      expect(server.received[0]).toMatchObject({session: {audio: {input: {format}, output: {format}}}});
      await session?.[Symbol.asyncDispose]();
    }
  });

  test('whose configuration is refused is lost for good, with the server’s words', async () => {
    const error = {
      type: 'error',
      error: {
        type: 'invalid_request_error',
        code: 'unknown_parameter',
        message: 'Unknown parameter',
        event_id: 'configure',
      },
    };
    const {next} = await open(new ScriptedServer(event => (event['type'] === 'connected' ? [created] : [error])));
    expect(await next('lost')).toMatchObject({
      cause: 'misconfigured',
      note: 'unknown_parameter',
      detail: 'Unknown parameter',
    });
  });

  test.each([
    [401, 'refused'],
    [404, 'refused'],
    [429, 'unreachable'],
    [503, 'unreachable'],
  ] as const)('refused with HTTP %i is %s', async (status, cause) => {
    const {next} = await open(new ScriptedServer(() => [], status));
    expect(await next('lost')).toMatchObject({cause});
  });

  test.each([
    [{close: 1001, reason: 'Your session hit the maximum duration of 60 minutes.'}, 'expired'],
    [{close: 3000, reason: 'invalid_request_error.invalid_api_key'}, 'refused'],
    [{close: 4000, reason: 'invalid_request_error.beta_api_shape_disabled'}, 'misconfigured'],
    [{close: 1011}, 'closed'],
  ] as const)('closed with %o is lost as %s', async (close, cause) => {
    const {next} = await open(
      new ScriptedServer(event => (event['type'] === 'session.update' ? [updated(), close] : [created])),
    );
    expect(await next('lost')).toMatchObject({cause});
  });

  test('reports once that it is lost, whatever happens afterwards', async () => {
    const quota = {
      type: 'response.done',
      response: {id: 'r', status: 'failed', status_details: {type: 'failed', error: {code: 'insufficient_quota'}}},
    };
    const {events, next} = await open(
      new ScriptedServer(event => (event['type'] === 'session.update' ? [updated(), quota, {close: 1000}] : [created])),
    );
    expect(await next('lost')).toMatchObject({cause: 'quota'});
    expect(events.map(({type}) => type)).toEqual(['ready', 'responseEnded', 'lost']);
  });

  test('ignores events that it does not know, and reports each event that it cannot read', async () => {
    const strange = [
      'not json',
      '[]',
      '{"type":"response.output_audio.delta","delta":5}',
      '{"type":"brand.new.event","x":1}',
      Buffer.from([1, 2]),
    ];
    const speech = {type: 'input_audio_buffer.speech_started', item_id: 'u1', audio_start_ms: 1_000, brand: 'new'};
    const {next, events} = await open(
      new ScriptedServer(event => (event['type'] === 'session.update' ? [updated(), ...strange, speech] : [created])),
    );
    expect(await next('callerSpoke')).toEqual({type: 'callerSpoke', itemId: 'u1', fromMs: 1_300});
    expect(events.flatMap(event => (event.type === 'mended' ? [event.event] : []))).toEqual([
      'other',
      'other',
      'response.output_audio.delta',
      'other',
    ]);
  });

  test('is lost when the model begins a hundred answers and ends none', async () => {
    const begun = Array.from({length: 101}, (_, n) => ({type: 'response.created', response: {id: `r${n}`}}));
    const {events, next} = await open(
      new ScriptedServer(event => (event['type'] === 'session.update' ? [updated(), ...begun] : [created])),
    );
    expect(await next('lost')).toMatchObject({cause: 'closed', note: 'the model begins answers and ends none'});
    expect(events.filter(({type}) => type === 'responseStarted')).toHaveLength(100);
  });

  test('of a server that never says that it was created is configured all the same', async () => {
    const {next} = await open(new ScriptedServer(event => (event['type'] === 'session.update' ? [updated()] : [])));
    await next('ready');
  });

  test('connects while something is asked at ring time, and is configured with what that says', async () => {
    const server = new ScriptedServer(wellBehaved);
    const later = Promise.withResolvers<SessionSettings>();
    const {next} = await open(server, {...settings, later: later.promise});
    await expect.poll(() => server.heads.length).toBe(1);
    expect(server.received).toEqual([]);
    later.resolve({...settings, instructions: 'be kind to Kari'});
    await next('ready');
    expect(server.received).toEqual([
      sessionUpdate({...settings, instructions: 'be kind to Kari'}, 'gpt-realtime-whisper'),
    ]);
  });
});
