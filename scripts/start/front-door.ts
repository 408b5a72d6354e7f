import {createServer, request as httpRequest, type IncomingMessage, type ServerResponse} from 'node:http';
import {connect, type Socket} from 'node:net';
import {pipeline, type Duplex} from 'node:stream';
import {closeServer, listen} from '@voicebridge/shared/service/http.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {askReady} from '../../tools/local-stack/ask-ready.ts';

/** An edge that does not answer /readyz within this time is skipped. */
const READY_WITHIN: Millis = 500;
/** The webhook answers within milliseconds; Twilio waits 15 s. */
const ANSWER_WITHIN: Millis = 14_000;
const HERE = '127.0.0.1';

export interface FrontDoorOptions {
  /** 0 for a free port. */
  readonly port: number;
  /** The address to listen on. */
  readonly host: string;
  readonly webhookPort: number;
  readonly edgePorts: readonly number[];
}

export interface FrontDoor extends AsyncDisposable {
  readonly port: number;
}

/**
 * One port for everything that Twilio calls, so that one tunnel is enough: requests go to the webhook, WebSockets to
 * the ready edge with the fewest. Nothing is changed on the way, so signatures stay valid.
 */
export async function openFrontDoor({port, host, webhookPort, edgePorts}: FrontDoorOptions): Promise<FrontDoor> {
  const sockets = new Map<number, number>(edgePorts.map(edge => [edge, 0]));
  const open = new Set<Duplex>();
  const server = createServer((request, response) => passOn(request, response, webhookPort));
  server.keepAliveTimeout = 65_000;
  server.on('upgrade', (request: IncomingMessage, caller: Duplex, head: Buffer) => {
    open.add(caller);
    caller.on('error', () => caller.destroy());
    caller.once('close', () => open.delete(caller));
    void chooseEdge(sockets).then(edgePort => {
      if (edgePort === undefined) return caller.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n');
      join(request, caller, head, connect(edgePort, HERE));
      const count = (change: number) => sockets.set(edgePort, (sockets.get(edgePort) ?? 0) + change);
      count(1);
      return caller.once('close', () => count(-1));
    });
  });
  const taken = await listen(server, port, 'WEBHOOK_PORT', host);
  return {
    port: taken,
    async [Symbol.asyncDispose]() {
      for (const caller of open) caller.destroy();
      await closeServer(server);
    },
  };
}

/** The ready edge with the fewest sockets. */
async function chooseEdge(sockets: ReadonlyMap<number, number>): Promise<number | undefined> {
  for (const [port] of [...sockets].toSorted(([, a], [, b]) => a - b)) {
    if ((await askReady(port, READY_WITHIN)) === undefined) return port;
  }
  return undefined;
}

/** Sends the request unchanged, and then every byte in both directions. */
function join({method, url, rawHeaders}: IncomingMessage, caller: Duplex, head: Buffer, edge: Socket): void {
  edge.setNoDelay(true);
  if ('setNoDelay' in caller) (caller as Socket).setNoDelay(true);
  const headers = rawHeaders.flatMap((name, index) => (index % 2 === 0 ? `${name}: ${rawHeaders[index + 1]}` : []));
  edge.write([`${method} ${url} HTTP/1.1`, ...headers, '', ''].join('\r\n'));
  edge.write(head);
  // When one side closes or fails, the other is closed.
  pipeline(caller, edge, caller, () => {
    caller.destroy();
    edge.destroy();
  });
}

function passOn(request: IncomingMessage, response: ServerResponse, port: number): void {
  const {method, url, rawHeaders} = request;
  const asked = httpRequest({host: HERE, port, method, path: url, headers: rawHeaders, timeout: ANSWER_WITHIN});
  asked.on('response', answer => {
    response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
    pipeline(answer, response, () => {});
  });
  asked.on('timeout', () => asked.destroy(new Error('the webhook took too long')));
  asked.on('error', () => {
    if (response.headersSent) response.destroy();
    else response.writeHead(502, {'content-type': 'text/plain'}).end('The webhook does not answer.\n');
  });
  pipeline(request, asked, () => {});
}
