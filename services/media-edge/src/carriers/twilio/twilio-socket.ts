import {STATUS_CODES, type IncomingMessage} from 'node:http';
import type {Duplex} from 'node:stream';
import {WebSocketServer, type RawData, type ServerOptions, type WebSocket} from 'ws';
import type {Read, Reader} from './read-twilio.ts';

/** A binary message: Twilio sends none, and nobody can use one. */
export type Binary = {readonly ok: false; readonly reason: 'binary'; readonly detail: string};

/** One socket that Twilio opened. Nothing but this file knows which WebSocket library is behind it. */
export interface TwilioSocket {
  /** Never waits; says nothing on a socket that is closing. */
  send(text: string): void;
  /** Says goodbye; a peer that does not answer in two seconds is cut off. */
  close(code: number, reason: string): void;
  /** Cuts the socket off without a goodbye. */
  terminate(): void;
  ping(): void;
  /** Bytes that wait in front of a peer that does not read. */
  readonly bufferedBytes: number;
  /** Whatever comes from now on; set it in the turn in which the socket was opened, or miss the beginning. */
  onRead(listener: (read: Read | Binary) => void): void;
  onPong(listener: () => void): void;
  /** 1006: the socket died without a goodbye. */
  readonly closed: Promise<{readonly code: number}>;
}

/** What a socket may cost before anybody knows whose it is. Twilio's messages have a few hundred bytes each. */
const LIMITS = {
  maxPayload: 65_536,
  maxFragments: 16,
  maxBufferedChunks: 256,
  perMessageDeflate: false,
  closeTimeout: 2_000,
} satisfies ServerOptions & {closeTimeout: number};

/** Turns requests that were judged into sockets. */
export class TwilioSockets {
  readonly #newReader: () => Reader;
  readonly #server = new WebSocketServer({
    ...LIMITS,
    noServer: true,
    clientTracking: false,
    handleProtocols: () => false,
  });

  /** `newReader`: what reads the messages of one socket. */
  constructor(newReader: () => Reader) {
    this.#newReader = newReader;
  }

  /** Answers 101, or 400 if this is no WebSocket handshake; `opened` runs in the turn in which the socket exists. */
  accept(request: IncomingMessage, stream: Duplex, head: Buffer, opened: (socket: TwilioSocket) => void): void {
    this.#server.handleUpgrade(request, stream, head, socket => opened(wrap(socket, this.#newReader())));
  }

  /** Answers anything but 101, and ends the connection. */
  refuse(stream: Duplex, status: number): void {
    stream.on('error', () => {}); // a peer that is refused may be gone already
    stream.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  }
}

function wrap(socket: WebSocket, read: Reader): TwilioSocket {
  const {promise: closed, resolve} = Promise.withResolvers<{code: number}>();
  socket.on('close', code => resolve({code}));
  socket.on('error', () => {}); // what was wrong is in the close code: ws closes after every error
  return {
    closed,
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    send(text) {
      if (socket.readyState === socket.OPEN) socket.send(text);
    },
    close: (code, reason) => socket.close(code, reason),
    terminate: () => socket.terminate(),
    ping() {
      if (socket.readyState === socket.OPEN) socket.ping();
    },
    onRead(listener) {
      socket.on('message', (raw, isBinary) => {
        listener(isBinary ? {ok: false, reason: 'binary', detail: 'a binary message'} : read(textOf(raw)));
      });
    },
    onPong: listener => void socket.on('pong', listener),
  };
}

function textOf(raw: RawData): string {
  if (Buffer.isBuffer(raw)) return raw.toString();
  return Array.isArray(raw) ? Buffer.concat(raw).toString() : Buffer.from(raw).toString();
}
