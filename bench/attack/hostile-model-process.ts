/**
 * Sessions of a hostile model, in a process of their own that the system serves last. Each comes as the socket of a handshake
 * that was read and not answered. Started by `HostileModelSessions`.
 */
import {createHash} from 'node:crypto';
import type {Socket} from 'node:net';
import {constants, setPriority} from 'node:os';
import {HOSTILE_MODELS, type HostileModel} from './hostile-models.ts';
import {textFrame} from './server-frame.ts';

/** The session is asked for its settings meanwhile, and then does harm. */
const CONFIGURED_AFTER = 500;
const HARM_AFTER = 1_000;
const AHEAD = 8_000_000;

const known = HOSTILE_MODELS[process.argv[2] ?? ''];
if (known === undefined) throw new Error('no such model');
const hostile: HostileModel = known;
const state = {sessions: 0, bytes: 0};

function serve(socket: Socket, key: string): void {
  const session = state.sessions;
  state.sessions += 1;
  socket.on('error', () => {}).resume();
  if (hostile.handshake) return hostile.handshake(socket);
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n${hostile.headers ?? ''}\r\n`,
  );
  socket.write(textFrame({type: 'session.created', session: {}}));
  setTimeout(() => socket.write(textFrame({type: 'session.updated', session: {}})), CONFIGURED_AFTER);
  setTimeout(() => {
    if (hostile.once) send(socket, hostile.once(session));
    hostile.after?.(socket);
    if (hostile.pour) pour(socket, hostile.pour, session);
  }, CONFIGURED_AFTER + HARM_AFTER);
}

function send(socket: Socket, bytes: Buffer): void {
  state.bytes += bytes.length;
  socket.write(bytes);
}

function pour(socket: Socket, make: NonNullable<HostileModel['pour']>, session: number): void {
  let round = 0;
  const more = setInterval(() => {
    for (let at = 0; at < 20 && socket.writableLength < AHEAD && !socket.destroyed; at += 1) {
      send(socket, make(round, session));
      round += 1;
    }
  }, 5);
  socket.once('close', () => clearInterval(more));
}

setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
process.on('message', (message: {readonly key?: string}, socket?: unknown) => {
  if (message.key !== undefined && socket) serve(socket as Socket, message.key);
  else process.send?.(state);
});
process.on('disconnect', () => process.exit());
