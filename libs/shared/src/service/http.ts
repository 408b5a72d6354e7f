import {createServer, STATUS_CODES, type IncomingMessage, type Server, type ServerResponse} from 'node:http';
import type {Server as TcpServer} from 'node:net';
import type {Duplex} from 'node:stream';
import {isLoopback, plainAddress} from '../config/addresses.ts';
import {CannotStart, messageOf} from '../errors.ts';
import type {Metrics} from '../observability/metrics.ts';
import type {Service} from './lifecycle.ts';

/** What a process says of its health. */
export type Health = Pick<Service, 'notReady' | 'notTaking'>;

/** Who reads the metrics at one of the ports of a process. */
export type MetricsReaders = 'everybody' | 'thisMachine' | 'nobody';

/**
 * Answers GET /livez, /readyz, /takez and /metrics. Returns whether it did, so that other routes can come after it.
 * `/readyz` is for whoever replaces processes, `/takez` for whoever distributes work: a full process is ready, and takes
 * nothing.
 */
export function healthRoutes(service: Health, metrics: Metrics, readers: MetricsReaders) {
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return false;
    const answer = (status: number, body: object) => {
      response.writeHead(status, {'content-type': 'application/json'}).end(`${JSON.stringify(body)}\n`);
      return true;
    };
    switch (pathOf(request)) {
      case '/livez':
        return answer(200, {alive: true});
      case '/readyz': {
        const reason = service.notReady();
        if (reason !== undefined) return answer(503, {ready: false, reason});
        const why = service.notTaking?.();
        return answer(200, {ready: true, ...(why === undefined ? {} : {taking: false, reason: why})});
      }
      case '/takez': {
        const reason = service.notReady() ?? service.notTaking?.();
        return reason === undefined ? answer(200, {taking: true}) : answer(503, {taking: false, reason});
      }
      case METRICS_PATH:
        // They would cost this process a millisecond for each stranger, and say how busy it is.
        if (readers === 'nobody' || (readers === 'thisMachine' && !isFromHere(request))) return false;
        metrics.registry.metrics().then(
          text => response.writeHead(200, {'content-type': metrics.registry.contentType}).end(text),
          (thrown: unknown) => response.writeHead(500).end(messageOf(thrown)),
        );
        return true;
      default:
        return false;
    }
  };
}

export const METRICS_PATH = '/metrics';
const HEALTH_PATHS: readonly string[] = ['/livez', '/readyz', '/takez', METRICS_PATH];

/** Whether `healthRoutes` may answer a request: another one need not be read. */
export function isHealth(request: {readonly method?: string | undefined; readonly url?: string | undefined}): boolean {
  return (request.method === 'GET' || request.method === 'HEAD') && HEALTH_PATHS.includes(pathOf(request));
}

/** The path of a request, without its query. */
export function pathOf({url = ''}: {readonly url?: string | undefined}): string {
  const end = url.indexOf('?');
  return end === -1 ? url : url.slice(0, end);
}

/** What proxies and tunnels add to a request that they pass on. */
const PASSED_ON = ['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'forwarded', 'via'];

/** Whether a request comes from this machine, by a name of this machine, and no proxy or tunnel has passed it on. */
export function isFromHere({socket, headers}: Pick<IncomingMessage, 'socket' | 'headers'>): boolean {
  if (!isLoopback(plainAddress(socket.remoteAddress ?? ''))) return false;
  if (PASSED_ON.some(name => headers[name] !== undefined)) return false;
  return isLoopback(URL.parse(`http://${headers.host ?? ''}`)?.hostname ?? '');
}

/**
 * Answers a stranger, and closes the connection whether or not the other side does. As little as possible is done for it,
 * because strangers may ask as often as they like.
 */
export function refuse(response: ServerResponse, status: number, why = ''): void {
  response.sendDate = false;
  const headers = {connection: 'close', 'content-length': Buffer.byteLength(why), ...(why === '' ? {} : AS_TEXT)};
  response.writeHead(status, headers).end(why);
}

const AS_TEXT = {'content-type': 'text/plain; charset=utf-8'};

/** The same for a connection that was to become something else, which the HTTP server has let go of. */
export function refuseUpgrade(connection: Duplex, status: number): void {
  connection.on('error', () => {}); // a peer that is refused may be gone already
  connection.once('finish', () => connection.destroy());
  connection.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

/** Limits for a request, in milliseconds and bytes. Node's defaults are for slow clients and large headers. */
export const REQUEST_LIMITS = {
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 1_000,
  maxHeaderSize: 8_192,
};

/** An HTTP server with the health routes only; everything else is 404. */
export function healthServer(service: Health, metrics: Metrics, readers: MetricsReaders): Server {
  const health = healthRoutes(service, metrics, readers);
  const server = createServer(REQUEST_LIMITS, (request, response) => {
    if (!health(request, response)) refuse(response, 404);
  });
  // Who asks proves nothing by it, so the connection is closed with the answer instead of when its time is up.
  server.maxRequestsPerSocket = 1;
  return server;
}

/**
 * Resolves with the TCP port on which the server listens: a free one for `port` 0. Without `host` it listens on every
 * address, of IPv6 too where the machine has it: some networks have nothing else. Rejects with `CannotStart`, which names
 * the variable to change.
 */
export async function listen(server: Server, port: number, variable = 'PORT', host?: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(new CannotStart(whyNotListening(error, port, variable), {cause: error}));
    });
    server.listen({port, ...(host === undefined ? {} : {host})}, resolve);
  });
  return portOf(server);
}

/** The TCP port of a listening server. Throws when it listens on none. */
export function portOf(server: Pick<TcpServer, 'address'>): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server does not listen on a TCP port');
  return address.port;
}

function whyNotListening({code, message}: NodeJS.ErrnoException, port: number, variable: string): string {
  switch (code) {
    case 'EADDRINUSE':
      return `port ${port} is taken by another process; set ${variable} to a free port, or stop that process`;
    case 'EADDRNOTAVAIL':
      return `${variable.replace('PORT', 'HOST')} is no address of this machine; set it to one, such as 127.0.0.1, or to 0.0.0.0 for all of them`;
    default:
      return `cannot listen on port ${port} (${code ?? message}); set ${variable} to another port`;
  }
}

/** Ends an HTTP server at once, with all its connections but those that were upgraded. */
export async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>(resolve => server.close(() => resolve()));
}
