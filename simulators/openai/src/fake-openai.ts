import {createServer, STATUS_CODES, type IncomingMessage} from 'node:http';
import type {Duplex} from 'node:stream';
import {systemClock, type Clock, type Millis} from '@voicebridge/shared/time.ts';
import {WebSocketServer, type WebSocket} from 'ws';
import type {RemoteServers} from './answering/hosted-mcp.ts';
import {CallerQueue} from './knobs/caller-knobs.ts';
import type {Transcribe} from './state/caller-words.ts';
import {answerControl} from './control.ts';
import {defaultScript} from './answering/default-script.ts';
import {FakeSession} from './session/fake-session.ts';
import {KNOWN_MODELS, readHandshake, type Handshake} from './wire/handshake.ts';
import {defaultKnobs, type Knobs} from './knobs/knobs.ts';
import type {ModelScript} from './answering/model-script.ts';
import {Random} from './random.ts';
import {SocketWire} from './wire/socket-wire.ts';

export interface FakeOpenAIOptions {
  /** 0, the default, lets the system choose. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** The accepted key; others are refused with 401. Without it any key will do. */
  readonly apiKey?: string;
  /** Known model ids; others are refused with 404. */
  readonly models?: readonly string[];
  readonly clock?: Clock;
  /** The same seed and the same client give the same sessions, byte for byte. */
  readonly seed?: number;
  readonly script?: ModelScript;
  /** Words for caller audio; by default recordings are recognised. */
  readonly transcribe?: Transcribe;
  /** The MCP servers that the provider can reach; none if not given. */
  readonly mcpServers?: RemoteServers;
  readonly knobs?: Partial<Knobs>;
}

/** An upgrade that did not become a session. */
export interface RefusedUpgrade {
  readonly at: Millis;
  /** HTTP status, or the close code if the upgrade itself was accepted. */
  readonly status: number;
  readonly code: string;
  readonly safetyIdentifier: string | null;
}

const BETA_MESSAGE = 'The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API.';

/** A fake OpenAI Realtime server (GA protocol over WebSocket), listening. */
export class FakeOpenAI implements AsyncDisposable {
  /** Every session ever opened, in order. */
  readonly sessions: FakeSession[] = [];
  readonly refusedUpgrades: RefusedUpgrade[] = [];
  /** How the server behaves; may be changed, or replaced, at any time. */
  knobs: Knobs;
  /** Knobs of the callers to come, one each. */
  readonly callers = new CallerQueue();
  /** What the model answers; may be replaced at any time. */
  script: ModelScript;
  readonly #options: FakeOpenAIOptions;
  readonly #clock: Clock;
  readonly #http = createServer((request, response) => void answerControl(this, request, response));
  // Without a limit and without compression, as the real one; pongs are the wire's.
  readonly #sockets = new WebSocketServer({
    noServer: true,
    autoPong: false,
    maxPayload: 0,
    perMessageDeflate: false,
    handleProtocols: offered => (offered.has('realtime') ? 'realtime' : false),
  });
  readonly #listeners = new Set<(session: FakeSession) => void>();
  #tags = 0;
  #opened = 0;

  constructor(options: FakeOpenAIOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.knobs = {...defaultKnobs, ...options.knobs};
    this.script = options.script ?? defaultScript;
    this.#http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  /** Where clients connect: `ws://127.0.0.1:port/v1/realtime`; `?model=` is theirs to add. */
  get url(): string {
    return `ws://127.0.0.1:${this.port}/v1/realtime`;
  }

  get port(): number {
    const address = this.#http.address();
    if (address === null || typeof address === 'string') throw new Error('the server is not listening');
    return address.port;
  }

  /** Hears of every later session, after its first frame; returns how to stop. */
  onSession(listener: (session: FakeSession) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async listen(): Promise<void> {
    const {promise, resolve, reject} = Promise.withResolvers<void>();
    this.#http.once('error', reject);
    this.#http.listen(this.#options.port ?? 0, this.#options.host ?? '127.0.0.1', resolve);
    await promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.sessions) session.ended(1006);
    for (const socket of this.#sockets.clients) socket.terminate();
    const {promise, resolve} = Promise.withResolvers<void>();
    this.#http.close(() => resolve());
    this.#http.closeAllConnections();
    await promise;
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => {}); // a client that is gone already is no trouble of ours
    const {apiKey, models = KNOWN_MODELS} = this.#options;
    const {upgradeStatus, connectDelayMs} = this.knobs;
    const handshake: Handshake =
      upgradeStatus === null
        ? readHandshake(request, {apiKey, models})
        : {ok: false, status: upgradeStatus, code: 'injected', message: 'The server had an error.'};
    const answer = () => {
      if (!handshake.ok) return this.#refuse(request, socket, handshake);
      this.#sockets.handleUpgrade(request, socket, head, client => this.#accept(client, request, handshake));
    };
    if (connectDelayMs > 0) this.#clock.after(connectDelayMs, answer);
    else answer();
  }

  #refuse(request: IncomingMessage, socket: Duplex, {status, code, message}: Extract<Handshake, {ok: false}>): void {
    this.#noteRefusal(request, status, code);
    const body = JSON.stringify({error: {message, type: 'invalid_request_error', param: null, code}});
    const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}\r\nConnection: close\r\nContent-Type: application/json`;
    socket.end(`${head}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }

  #accept(client: WebSocket, request: IncomingMessage, {model, isBeta, query}: Extract<Handshake, {ok: true}>): void {
    client.on('error', () => {}); // whatever it is, a close follows
    const {closeAfterAccept} = this.knobs;
    if (isBeta) {
      const error = {
        type: 'invalid_request_error',
        code: 'beta_api_shape_disabled',
        message: BETA_MESSAGE,
        param: null,
        event_id: null,
      };
      client.send(JSON.stringify({type: 'error', event_id: 'event_0000000000beta0000000', error}));
      return this.#turnAway(client, request, 4000, 'invalid_request_error.beta_api_shape_disabled');
    }
    if (closeAfterAccept) return this.#turnAway(client, request, closeAfterAccept.code, closeAfterAccept.reason);
    this.#open(client, request, model, query);
  }

  #turnAway(client: WebSocket, request: IncomingMessage, code: number, reason: string): void {
    this.#noteRefusal(request, code, reason);
    client.close(code, reason);
  }

  #noteRefusal({headers}: IncomingMessage, status: number, code: string): void {
    const id = headers['openai-safety-identifier'];
    const safetyIdentifier = typeof id === 'string' ? id : null;
    this.refusedUpgrades.push({at: this.#clock.now(), status, code, safetyIdentifier});
  }

  #open(client: WebSocket, request: IncomingMessage, model: string, query: Record<string, string>): void {
    this.#opened += 1;
    const seed = Math.imul(this.#options.seed ?? 1, 0x9e3779b1) + this.#opened;
    const own = this.callers.take(request.headers['openai-safety-identifier'], this.knobs);
    const knobs = () => own ?? this.knobs;
    const session = new FakeSession({
      model,
      query,
      headers: request.headers,
      wire: new SocketWire(client, request.socket, this.#clock, new Random(~seed), knobs),
      clock: this.#clock,
      seed,
      knobs,
      script: () => this.script,
      transcribe: this.#options.transcribe,
      mcpServers: this.#options.mcpServers,
      nextTag: () => (this.#tags = (this.#tags + 1) & 0xffff),
    });
    this.sessions.push(session);
    // The real protocol has no binary frames: one is read as an empty text, which is no event.
    client.on('message', (frame, isBinary) =>
      session.receive(Buffer.isBuffer(frame) && !isBinary ? frame.toString() : ''),
    );
    client.on('close', code => session.ended(code));
    session.begin();
    for (const listener of this.#listeners) listener(session);
  }
}

/** Starts a fake OpenAI Realtime server; dispose of it to end every session and free its port. */
export async function startFakeOpenAI(options: FakeOpenAIOptions = {}): Promise<FakeOpenAI> {
  const server = new FakeOpenAI(options);
  await server.listen();
  return server;
}
