import {once} from 'node:events';
import {createServer, type Server, type Socket} from 'node:net';
import {isList, RespReader} from '../bus/resp-reader.ts';
import {portOf} from '../service/http.ts';

/** What a scripted Redis says to a command; undefined: what a real one would say. */
export type Script = (words: readonly string[], connection: ScriptedConnection) => string | undefined;

/** One connection of a client. */
export class ScriptedConnection {
  readonly #socket: Socket;
  /** The channels that it has subscribed. */
  readonly channels = new Set<string>();
  /** It has asked for no replies. */
  isQuiet = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  say(bytes: string): void {
    this.#socket.write(bytes);
  }

  close(): void {
    this.#socket.destroy();
  }

  /** It reads nothing more, as a process that hangs. */
  hang(): void {
    this.#socket.pause();
  }
}

const bulk = (text: string) => `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
const isReply = (said: string) => !said.startsWith('>');
const push = (kind: string, channel: string, third: string) => `>3\r\n${bulk(kind)}${bulk(channel)}${third}`;

/** The answer of a Redis to HELLO. */
export const hello = (role = 'master', version = '7.0.0') =>
  `%3\r\n${bulk('server')}${bulk('redis')}${bulk('version')}${bulk(version)}${bulk('role')}${bulk(role)}`;

/** A server on loopback that speaks as Redis does about sharded channels, unless its script says otherwise. */
export class ScriptedRedis implements AsyncDisposable {
  readonly #server: Server;
  readonly connections = new Set<ScriptedConnection>();
  /** Every command that came, in order. */
  readonly heard: (readonly string[])[] = [];
  script: Script = () => undefined;
  version = '7.0.0';

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', socket => this.#accept(socket));
  }

  static async start(): Promise<ScriptedRedis> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ScriptedRedis(server);
  }

  get port(): number {
    return portOf(this.#server);
  }

  /** How many commands of this name came. */
  count(name: string): number {
    return this.heard.filter(([first]) => first === name).length;
  }

  /** Says something to every client. */
  say(bytes: string): void {
    for (const connection of this.connections) connection.say(bytes);
  }

  closeAll(): void {
    for (const connection of this.connections) connection.close();
  }

  #accept(socket: Socket): void {
    const connection = new ScriptedConnection(socket);
    this.connections.add(connection);
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('close', () => this.connections.delete(connection));
    const reader = new RespReader({
      integer: () => {},
      error: () => {},
      value: words => isList(words) && this.#answer(words.map(String), connection),
      message: () => {},
      push: () => {},
    });
    socket.on('data', bytes => reader.feed(bytes));
  }

  #answer(words: readonly string[], connection: ScriptedConnection): void {
    this.heard.push(words);
    const said = this.script(words, connection) ?? this.#asUsual(words, connection);
    if (said !== '' && !(connection.isQuiet && isReply(said))) connection.say(said);
  }

  #asUsual([name, channel = '', message = '']: readonly string[], connection: ScriptedConnection): string {
    switch (name) {
      case 'HELLO':
        return hello('master', this.version);
      case 'CLIENT':
        connection.isQuiet = message === 'OFF';
        return connection.isQuiet ? '' : '+OK\r\n';
      case 'SSUBSCRIBE':
        connection.channels.add(channel);
        return push('ssubscribe', channel, ':1\r\n');
      case 'SUNSUBSCRIBE':
        connection.channels.delete(channel);
        return push('sunsubscribe', channel, ':0\r\n');
      case 'SPUBLISH': {
        const listeners = [...this.connections].filter(each => each.channels.has(channel));
        for (const listener of listeners) listener.say(push('smessage', channel, bulk(message)));
        return `:${listeners.length}\r\n`;
      }
      case 'SET':
        return '+OK\r\n';
      default:
        return `-ERR unknown command '${name}'\r\n`;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closeAll();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
