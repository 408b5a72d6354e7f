import type {Server} from 'node:http';
import type {Socket} from 'node:net';
import {refuseUpgrade} from './http.ts';
import {readHead, type RequestHead} from './request-head.ts';

/** What becomes of a request whose head was read: the HTTP server answers it, or it is refused with this status. */
export type FirstLook = (head: RequestHead) => 'goesOn' | number;

/**
 * Reads the heads of requests before the HTTP server does, which costs several times as much for each connection, and on
 * the thread that carries calls. It gets the connections that `look` lets go on, with all that they sent.
 */
export function lookFirst(server: Server, look: FirstLook): void {
  const [serve, ...others] = server.listeners('connection');
  if (!isListener(serve) || others.length > 0) throw new Error('bug: others listen to the connections of this server');
  server.off('connection', serve);
  server.on('connection', (socket: Socket) => {
    let seen: Buffer | undefined;
    let pieces = 0;
    const leave = () => socket.off('data', read).off('end', ended);
    const refuse = (status: number) => {
      leave();
      refuseUpgrade(socket, status);
    };
    const read = (piece: Buffer) => {
      pieces += 1;
      seen = seen ? Buffer.concat([seen, piece]) : piece;
      const so = readHead(seen, pieces);
      if (so.kind === 'incomplete') return;
      if (so.kind === 'bad') return refuse(so.status);
      const found = look(so.head);
      if (found !== 'goesOn') return refuse(found);
      leave();
      serve.call(server, socket);
      socket.emit('data', seen);
    };
    // The other side has closed its half before it has asked anything.
    const ended = () => void socket.destroy();
    socket.on('error', () => {});
    socket.on('data', read).on('end', ended);
  });
}

function isListener(listener: unknown): listener is (this: Server, socket: Socket) => void {
  return typeof listener === 'function';
}
