import {config as loadDotenv} from 'dotenv';
import type {z} from 'zod';
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http';
import {CannotStart, messageOf} from '../errors.ts';
import {loadConfig} from '../config/config.ts';
import {createLog, type Log} from '../observability/log.ts';
import type {Metrics} from '../observability/metrics.ts';
import {systemClock, type Clock, type Millis} from '../time.ts';

/** One running service. Draining is not stopping: it takes no new work and waits for the work in hand. */
export interface Service extends AsyncDisposable {
  readonly name: string;
  /** Why no new work should come here now; undefined when it should. Asked by /readyz. */
  notReady(): string | undefined;
  /** Takes no new work; resolves when the work in hand is finished or handed over. */
  drain(): Promise<void>;
}

export interface ServeOptions {
  /** Resolves with the reason to stop, such as the name of a signal. */
  readonly stop: Promise<string>;
  /** How long work in hand may outlive `stop`. */
  readonly deadline: Millis;
  readonly clock: Clock;
  readonly log: Log;
}

/** Runs until asked to stop, lets the work in hand finish, but never longer than the deadline. */
export async function serve(service: Service, {stop, deadline, clock, log}: ServeOptions): Promise<void> {
  await using _ = service;
  log.info({reason: await stop}, 'draining');
  const late = Promise.withResolvers<'deadline'>();
  const cancel = clock.after(deadline, () => late.resolve('deadline'));
  const outcome = await Promise.race([service.drain().then(() => 'drained' as const), late.promise]);
  cancel();
  log.info({outcome}, 'stopped');
}

export interface MainTools<Config> {
  readonly config: Config;
  readonly log: Log;
  readonly stop: Promise<string>;
  readonly clock: Clock;
}

/** What the schema of every process has, among the rest. */
type ProcessSchema = z.ZodObject<{LOG_LEVEL: z.ZodType<string>; DRAIN_SECONDS: z.ZodType<number>}>;

/** How long a process may still take to let go of everything, after its work in hand had to be finished. */
const LAST_RESORT_MS = 10_000;

/**
 * The frame of every `main.ts`: the configuration, a log, the signals, and one readable message instead of a stack when
 * the process cannot start. A second signal ends the process at once.
 */
export async function main<Schema extends ProcessSchema>(
  name: string,
  schema: Schema,
  run: (tools: MainTools<Readonly<z.infer<Schema>>>) => Promise<void>,
): Promise<void> {
  loadDotenv({quiet: true}); // what the environment already says wins
  let log: Log | undefined;
  try {
    const hints: string[] = [];
    const config = loadConfig(schema, process.env, hint => hints.push(hint));
    const {LOG_LEVEL: level, DRAIN_SECONDS: drain} = config;
    log = createLog(name, {level, facts: {pid: process.pid}});
    for (const hint of hints) log.warn({hint}, 'a name in the environment is none of ours');
    catchStrays(log);
    await run({config, log, stop: stopAsked(drain * 1_000), clock: systemClock});
    process.exitCode = 0;
  } catch (thrown) {
    process.exitCode = 1;
    if (thrown instanceof CannotStart || !log) process.stderr.write(`${name} cannot start: ${messageOf(thrown)}\n`);
    else log.fatal({err: thrown}, 'cannot go on');
  }
  // Whatever is still open after a drain (a half-dead socket) must not keep the process.
  setTimeout(() => process.exit(), 500).unref();
}

/** Resolves with the first signal to stop; the second one ends the process at once. */
function stopAsked(drain: Millis): Promise<string> {
  const stop = Promise.withResolvers<string>();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    let asked = false;
    process.on(signal, () => {
      if (asked) process.exit(1);
      asked = true;
      stop.resolve(signal);
      // Whatever waits for something that is gone as well (a Redis, say) must not keep the process for ever.
      setTimeout(() => process.exit(1), drain + LAST_RESORT_MS).unref();
    });
  }
  return stop.promise;
}

/** One call's bug must not end the others: it is logged as what it is, and counted by whoever reads the log. */
function catchStrays(log: Log): void {
  process.on('unhandledRejection', thrown => log.error({err: thrown}, 'bug: unhandled rejection'));
  process.on('uncaughtException', thrown => log.error({err: thrown}, 'bug: uncaught exception'));
}

/** Answers /livez, /readyz and /metrics; says whether it did, so that it fits before any other routes. */
export function healthRoutes(service: Pick<Service, 'notReady'>, metrics: Metrics) {
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return false;
    const answer = (status: number, body: object) => {
      response.writeHead(status, {'content-type': 'application/json'}).end(`${JSON.stringify(body)}\n`);
      return true;
    };
    switch ((request.url ?? '').split('?')[0] ?? '') {
      case '/livez':
        return answer(200, {alive: true});
      case '/readyz': {
        const reason = service.notReady();
        return reason === undefined ? answer(200, {ready: true}) : answer(503, {ready: false, reason});
      }
      case '/metrics':
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

/** How long somebody may take to ask, and how much: what Node allows by itself is for the slow and the large. */
const PATIENCE = {
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 1_000,
  maxHeaderSize: 8_192,
};

/** An HTTP server for a service that has nothing else to say over HTTP; everything but health is 404. */
export function healthServer(service: Pick<Service, 'notReady'>, metrics: Metrics): Server {
  const health = healthRoutes(service, metrics);
  return createServer(PATIENCE, (request, response) => {
    if (!health(request, response)) response.writeHead(404).end();
  });
}

/** Listens, and says which variable to change if it cannot. Resolves with the port that was taken (for port 0). */
export async function listen(server: Server, port: number, variable = 'PORT', host = '0.0.0.0'): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(new CannotStart(whyNotListening(error, port, variable), {cause: error}));
    });
    server.listen(port, host, resolve);
  });
  const address = server.address();
  return typeof address === 'object' && address ? address.port : port;
}

function whyNotListening({code, message}: NodeJS.ErrnoException, port: number, variable: string): string {
  switch (code) {
    case 'EADDRINUSE':
      return `port ${port} is taken by another process; set ${variable} to a free port, or stop that process`;
    case 'EADDRNOTAVAIL':
      return 'HOST is no address of this machine; set it to one, such as 127.0.0.1, or to 0.0.0.0 for all of them';
    default:
      return `cannot listen on port ${port} (${code ?? message}); set ${variable} to another port`;
  }
}

/** Ends an HTTP server at once, sockets that were upgraded included if they are given. */
export async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>(resolve => server.close(() => resolve()));
}
