import {IncomingMessage, METHODS, ServerResponse} from 'node:http';
import {Socket} from 'node:net';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import {
  CamelCasePlugin,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from 'kysely';
import {apiTokens, newApiToken} from '@voicebridge/shared/config/api-tokens.ts';
import {SCOPES} from '@voicebridge/shared/config/api-tokens.ts';
import {DatabaseWatch} from '../database/database-watch.ts';
import type {Schema} from '../database/schema.ts';
import {analyticsApp} from '../http/analytics-app.ts';
import {LiveFeed} from '../http/live-feed.ts';
import {CallsInProgress} from '../queries/calls-in-progress.ts';

const readFleet = async () => ({workers: [], edges: []});

/** What came of one request. */
export interface Answered {
  readonly status: number;
  /** The statements that the database was given. */
  readonly statements: readonly string[];
}

/**
 * The HTTP application of analytics without sockets and with a database that has no rows: for tests that ask it very
 * often. One request at a time.
 */
export async function silentApp() {
  let statements: string[] = [];
  const kysely = new Kysely<Schema>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: db => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
    plugins: [new CamelCasePlugin({underscoreBetweenUppercaseLetters: true})],
    log: ({query}) => void statements.push(query.sql),
  });
  const clock = new FakeClock();
  const log = createLog('silent', {level: 'silent'});
  const dispose = async () => {};
  const embedded = {kind: 'postgres', kysely, prepare: dispose, [Symbol.asyncDispose]: dispose} as const;
  const database = new DatabaseWatch(embedded, clock, log);
  await database.start();
  const {token, entry} = newApiToken('everything', SCOPES);
  const app = await analyticsApp({
    password: undefined,
    tokens: apiTokens().parse(entry),
    hosts: [],
    proxies: ['10.0.0.0/8'],
    eraseQueued: async () => 0,
    sendHook: () => {},
    recordings: undefined,
    phones: undefined,
    numberHashKey: 'a key of sixteen or more',
    passed: () => {},
    database,
    feed: new LiveFeed({database, readFleet, readActive: async () => ({calls: [], silent: []}), clock, log}),
    inProgress: new CallsInProgress({
      desk: {ask: dispose, callsOf: async () => [], recordOf: async () => undefined},
      readFleet,
      clock,
    }),
    clock,
    log,
  });

  /**
   * Asks as a client does who sends this text: `GET /path HTTP/1.1`, its headers, and after an empty line the body.
   * Undefined: Node's parser would refuse it before the application.
   */
  const socket = new Socket();
  const ask = async (text: string): Promise<Answered | undefined> => {
    const [head = '', ...body] = text.split('\n\n');
    const [first = '', ...lines] = head.split('\n');
    const [method = '', url = '', protocol] = first.split(' ');
    if (!METHODS.includes(method) || !/^[\x21-\x7e]+$/.test(url) || protocol === undefined) return undefined;
    const request = new IncomingMessage(socket);
    request.method = method;
    request.url = url;
    for (const line of lines) {
      const [, name = '', value = ''] = /^([\w-]+): *([\t\x20-\x7e]*)$/.exec(line) ?? [];
      if (name === '') return undefined;
      request.headers[name.toLowerCase()] = value;
    }
    const bytes = Buffer.from(body.join('\n\n'));
    if (bytes.length > 0) request.headers['content-length'] = String(bytes.length);
    request.push(bytes);
    request.push(null);
    const response = new ServerResponse(request);
    const answered = Promise.withResolvers<void>();
    response.write = () => {
      // A stream of events has no end.
      if (String(response.getHeader('content-type')).startsWith('text/event-stream')) answered.resolve();
      return true;
    };
    response.end = () => {
      answered.resolve();
      response.emit('finish');
      return response;
    };
    statements = [];
    app(request, response);
    await answered.promise;
    response.emit('close');
    return {status: response.statusCode, statements};
  };
  return {ask, token};
}
