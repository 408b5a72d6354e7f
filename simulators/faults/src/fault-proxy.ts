import {once} from 'node:events';
import {connect, createServer, type Socket} from 'node:net';
import {systemClock, type Clock} from '@voicebridge/shared/time.ts';
import {FaultPipe} from './fault-pipe.ts';
import {Toxics} from './toxics.ts';

export interface FaultProxyOptions {
  readonly target: {readonly host: string; readonly port: number};
  readonly clock?: Clock;
  /** For jitter, from 0 to 1. */
  readonly random?: () => number;
  /** The port to listen on; a free one when left out. */
  readonly port?: number;
}

/** A bad network between two programs, on loopback: TCP goes through it, and tests say what goes wrong, and when. */
export interface FaultProxy extends AsyncDisposable {
  readonly port: number;
  /** What is wrong now: add, remove, clear. */
  readonly toxics: Toxics;
  /** How many connections are open. */
  readonly connections: number;
  /** `url('redis')` is redis://127.0.0.1:port */
  url(scheme: string, path?: string): string;
  /** Ends every connection now: with a close, or with a TCP reset. New ones are still taken. */
  cut(how?: 'close' | 'reset'): void;
  /** Closes the port and every connection, until `up`. */
  down(): Promise<void>;
  up(): Promise<void>;
}

interface Connection {
  readonly pipes: readonly FaultPipe[];
  end(how: 'close' | 'reset'): void;
}

export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const {target, clock = systemClock, random = Math.random} = options;
  const open = new Set<Connection>();
  const toxics = new Toxics(() => {
    for (const {pipes} of open) for (const pipe of pipes) pipe.toxicsChanged();
  });

  const server = createServer({allowHalfOpen: true, noDelay: true}, client => {
    const upstream = connect({...target, allowHalfOpen: true, noDelay: true});
    const end = (how: 'close' | 'reset') => {
      if (!open.delete(connection)) return;
      for (const pipe of connection.pipes) pipe.stop();
      for (const socket of [client, upstream])
        if (how === 'reset') reset(socket);
        else socket.destroy();
    };
    const pipe = (from: Socket, to: Socket, direction: 'up' | 'down') =>
      new FaultPipe({from, to, direction, toxics, clock, random, end});
    const connection: Connection = {pipes: [pipe(client, upstream, 'up'), pipe(upstream, client, 'down')], end};
    open.add(connection);
    for (const socket of [client, upstream]) {
      socket.on('error', () => end('reset'));
      socket.on('close', () => {
        if (client.destroyed && upstream.destroyed) end('close');
      });
    }
  });
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  await listen(options.port ?? 0);
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;

  const cut = (how: 'close' | 'reset' = 'close') => {
    for (const connection of open) connection.end(how);
  };
  const down = async () => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    cut('reset');
    await closed;
  };
  return {
    port,
    toxics,
    get connections() {
      return open.size;
    },
    url: (scheme, path = '') => `${scheme}://127.0.0.1:${port}${path}`,
    cut,
    down,
    up: () => listen(port),
    [Symbol.asyncDispose]: down,
  };
}

/** A reset needs a connection. */
function reset(socket: Socket): void {
  if (socket.connecting) socket.once('connect', () => socket.resetAndDestroy());
  else socket.resetAndDestroy();
}
