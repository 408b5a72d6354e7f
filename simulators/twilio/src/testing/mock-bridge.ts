import http from 'node:http';
import type {Duplex} from 'node:stream';
import {validateRequest} from 'twilio/lib/webhooks/webhooks.js';
import {type WebSocket, WebSocketServer} from 'ws';

export const AUTH_TOKEN = '12345';

/** A request as the bridge saw it; `signed` is the verdict of Twilio's own validator. */
export interface SeenRequest {
  readonly path: string;
  readonly method: string;
  readonly params: Readonly<Record<string, string>>;
  readonly headers: http.IncomingHttpHeaders;
  readonly signed: boolean;
}

/** A socket as the bridge saw it. */
export interface SeenSocket {
  readonly socket: WebSocket;
  readonly headers: http.IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly signed: boolean;
  readonly texts: string[];
  readonly closed: Promise<number>;
  streamSid: string;
  send(message: object): void;
  say(audio: Buffer): void;
  mark(name: string): void;
}

/** A message as the bridge saw it. */
export interface SeenMessage {
  readonly event: string;
  readonly media?: {readonly payload: string; readonly chunk: string; readonly timestamp: string};
  readonly [field: string]: unknown;
}

type Reply = string | {readonly status: number; readonly headers?: http.OutgoingHttpHeaders; readonly body?: string};

/** What a bridge answers and does; by default it streams, and hangs up after the stream. */
export interface MockBridgeBehaviour {
  twiml?: ((request: SeenRequest, bridge: MockBridge) => Reply | undefined) | undefined;
  onMessage?: (message: SeenMessage, seen: SeenSocket) => unknown;
  /** Takes the raw upgrade instead of the WebSocket server. */
  onUpgrade?: (request: http.IncomingMessage, socket: Duplex) => void;
  selectProtocol?: string;
}

/** A product of a few lines, on a port the system chooses. */
export class MockBridge implements AsyncDisposable {
  readonly requests: SeenRequest[] = [];
  readonly sockets: SeenSocket[] = [];
  readonly #server: http.Server;
  readonly #streams = new WebSocketServer({noServer: true});
  readonly #behaviour: MockBridgeBehaviour;
  readonly #upgraded: Duplex[] = [];

  private constructor(behaviour: MockBridgeBehaviour) {
    this.#behaviour = behaviour;
    this.#server = http.createServer((request, response) => this.#answer(request, response));
    this.#server.on('upgrade', (request, socket, head) => {
      this.#upgraded.push(socket);
      if (behaviour.onUpgrade) return behaviour.onUpgrade(request, socket);
      const protocol = behaviour.selectProtocol;
      if (protocol) this.#streams.once('headers', headers => headers.push(`Sec-WebSocket-Protocol: ${protocol}`));
      return this.#streams.handleUpgrade(request, socket, head, ws => this.#stream(ws, request));
    });
  }

  static async start(behaviour: MockBridgeBehaviour = {}): Promise<MockBridge> {
    const bridge = new MockBridge(behaviour);
    await new Promise<void>(resolve => bridge.#server.listen(0, '127.0.0.1', resolve));
    return bridge;
  }

  get origin(): string {
    const address = this.#server.address();
    return typeof address === 'object' && address ? `127.0.0.1:${address.port}` : '';
  }

  url(path: string): string {
    return `http://${this.origin}${path}`;
  }

  /** TwiML that streams, and comes back to /after-stream. */
  connect({action = '/after-stream', parameters = '', tail = ''} = {}): string {
    const stream = `<Stream url="ws://${this.origin}/media" statusCallback="${this.url('/stream-status')}">${parameters}</Stream>`;
    return respond(`<Connect${action ? ` action="${action}"` : ''}>${stream}</Connect>${tail}`);
  }

  asked(path: string): SeenRequest[] {
    return this.requests.filter(request => request.path === path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#upgraded) socket.destroy();
    this.#server.closeAllConnections();
    await new Promise<void>(resolve => this.#server.close(() => resolve()));
  }

  #answer(request: http.IncomingMessage, response: http.ServerResponse): void {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url ?? '/', this.url('/'));
      const form = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()));
      const seen: SeenRequest = {
        path: url.pathname,
        method: request.method ?? '',
        params: request.method === 'GET' ? Object.fromEntries(url.searchParams) : form,
        headers: request.headers,
        signed: validateRequest(AUTH_TOKEN, String(request.headers['x-twilio-signature']), url.href, form),
      };
      this.requests.push(seen);
      const reply = this.#behaviour.twiml?.(seen, this) ?? (seen.path === '/voice' ? this.connect() : respond(''));
      const {status, headers, body} =
        typeof reply === 'string' ? {status: 200, headers: undefined, body: reply} : reply;
      response.writeHead(status, headers ?? {'Content-Type': 'text/xml'}).end(body);
    });
  }

  #stream(socket: WebSocket, request: http.IncomingMessage): void {
    const url = `ws://${this.origin}${request.url}`;
    const signature = String(request.headers['x-twilio-signature']);
    const send = (message: object) => socket.send(JSON.stringify(message));
    const seen: SeenSocket = {
      socket,
      headers: request.headers,
      rawHeaders: request.rawHeaders,
      signed: validateRequest(AUTH_TOKEN, signature, url, {}),
      texts: [],
      closed: new Promise(resolve => socket.on('close', resolve)),
      streamSid: '',
      send,
      say: audio => send({event: 'media', streamSid: seen.streamSid, media: {payload: audio.toString('base64')}}),
      mark: name => send({event: 'mark', streamSid: seen.streamSid, mark: {name}}),
    };
    this.sockets.push(seen);
    socket.on('error', () => {});
    socket.on('message', data => {
      const text = Buffer.isBuffer(data) ? data.toString() : '';
      seen.texts.push(text);
      const message = parseMessage(text);
      if (message.event === 'start') seen.streamSid = String(message['streamSid']);
      this.#behaviour.onMessage?.(message, seen);
    });
  }
}

/** A TwiML document. */
export function respond(verbs: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><Response>${verbs}</Response>`;
}

/** The text of a stream as a message. */
export function parseMessage(text: string): SeenMessage {
  return JSON.parse(text);
}
