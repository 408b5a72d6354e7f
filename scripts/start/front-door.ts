import {createServer, request as httpRequest, type IncomingMessage, type ServerResponse} from 'node:http';
import {connect, type Socket} from 'node:net';
import {pipeline, type Duplex} from 'node:stream';
import {
  closeServer,
  isFromHere,
  listen,
  METRICS_PATH,
  pathOf,
  refuse,
  refuseUpgrade,
  REQUEST_LIMITS,
} from '@voicebridge/shared/service/http.ts';
import {boundStrangers} from '@voicebridge/shared/service/strangers.ts';
import {systemClock, type Millis} from '@voicebridge/shared/time.ts';
import {askReady} from '../../tools/local-stack/ask-ready.ts';

/** An edge that does not answer /readyz within this time is skipped. */
const READY_WITHIN: Millis = 500;
/** The webhook answers within milliseconds; Twilio waits 15 s. */
const ANSWER_WITHIN: Millis = 14_000;
/** What is known of an edge counts for so long: a stranger must not cost a question each time. */
const READY_FOR: Millis = 250;
const HERE = '127.0.0.1';

export interface FrontDoorOptions {
  /** 0 for a free port. */
  readonly port: number;
  /** The address to listen on; undefined: every one. */
  readonly host: string | undefined;
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
  const chooseEdge = readyEdges(sockets);
  const server = createServer(REQUEST_LIMITS, (request, response) => {
    // The webhook would take everything that comes through this door for a request of this machine.
    if (pathOf(request) === METRICS_PATH && !isFromHere(request)) return refuse(response, 404);
    // The webhook keeps the connections of Twilio's requests open, and closes those of strangers.
    return passOn(request, response, webhookPort, () => strangers.proved(request.socket));
  });
  server.keepAliveTimeout = 65_000;
  const strangers = boundStrangers(server, {clock: systemClock});
  server.on('upgrade', (request: IncomingMessage, caller: Duplex, head: Buffer) => {
    open.add(caller);
    caller.on('error', () => caller.destroy());
    let leave = () => {};
    caller.once('close', () => {
      open.delete(caller);
      leave();
    });
    if (!request.url?.includes('/media-stream')) return refuseUpgrade(caller, 404);
    const found = chooseEdge().then(edgePort => {
      if (edgePort === undefined) return refuseUpgrade(caller, 503);
      if (caller.destroyed) return;
      const edge = connect(edgePort, HERE);
      // Its first bytes are the answer to the handshake.
      edge.once('data', (answer: Buffer) => {
        if (answer.toString('latin1', 0, 12) === 'HTTP/1.1 101') strangers.proved(caller);
      });
      join(request, caller, head, edge);
      const count = (change: number) => sockets.set(edgePort, (sockets.get(edgePort) ?? 0) + change);
      count(1);
      leave = () => count(-1);
    });
    found.catch(() => caller.destroy());
  });
  const taken = await listen(server, port, 'WEBHOOK_PORT', host);
  return {
    port: taken,
    async [Symbol.asyncDispose]() {
      strangers[Symbol.dispose]();
      for (const caller of open) caller.destroy();
      await closeServer(server);
    },
  };
}

/** Finds the ready edge with the fewest sockets. */
function readyEdges(sockets: ReadonlyMap<number, number>): () => Promise<number | undefined> {
  const asked = new Map<number, {readonly at: Millis; readonly isReady: Promise<boolean>}>();
  const isReady = (port: number) => {
    const before = asked.get(port);
    const at = performance.now();
    if (before !== undefined && at - before.at < READY_FOR) return before.isReady;
    const now = askReady(port, READY_WITHIN).then(trouble => trouble === undefined);
    asked.set(port, {at, isReady: now});
    return now;
  };
  return async () => {
    for (const [port] of [...sockets].toSorted(([, a], [, b]) => a - b)) if (await isReady(port)) return port;
    return undefined;
  };
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

function passOn(request: IncomingMessage, response: ServerResponse, port: number, proved: () => void): void {
  const {method, url, rawHeaders} = request;
  const asked = httpRequest({host: HERE, port, method, path: url, headers: rawHeaders, timeout: ANSWER_WITHIN});
  // Whoever has left gets no answer: to write to a closed connection would end this process, and all others with it.
  response.once('close', () => asked.destroy());
  asked.on('response', answer => {
    if (response.destroyed || request.socket.destroyed) return answer.destroy();
    if (answer.headers.connection !== 'close') proved();
    response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
    return pipeline(answer, response, () => {});
  });
  asked.on('timeout', () => asked.destroy(new Error('the webhook took too long')));
  asked.on('error', () => {
    if (response.headersSent) response.destroy();
    else response.writeHead(502, {'content-type': 'text/plain'}).end('The webhook does not answer.\n');
  });
  pipeline(request, asked, () => {});
}
