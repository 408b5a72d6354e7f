import {STATUS_CODES, type IncomingMessage} from 'node:http';
import type {Duplex} from 'node:stream';
import {WebSocketServer, type RawData, type ServerOptions, type WebSocket} from 'ws';
import type {CarrierEvent, CarrierSocket} from '../carrier.ts';
import type {Reader} from './read-twilio.ts';
import {toCarrierEvent} from './to-carrier-event.ts';
import {clearMessage, markMessage, mediaMessage, type StreamName} from './to-twilio.ts';

/** What a socket may cost before it is known which call it is for. Twilio's messages have a few hundred bytes each. */
const LIMITS = {
  maxPayload: 65_536,
  maxFragments: 16,
  maxBufferedChunks: 256,
  perMessageDeflate: false,
  closeTimeout: 2_000,
} satisfies ServerOptions & {closeTimeout: number};

/** Twilio sends no binary message. */
const BINARY: CarrierEvent = {kind: 'unreadable', reason: 'binary', detail: 'a binary message'};

/** Opens the WebSockets of requests that were verified before. No other file knows which WebSocket library is used. */
export class TwilioSockets {
  readonly #newReader: () => Reader;
  readonly #server = new WebSocketServer({
    ...LIMITS,
    noServer: true,
    clientTracking: false,
    handleProtocols: () => false,
  });

  /** `newReader` makes what reads the messages of one socket. */
  constructor(newReader: () => Reader) {
    this.#newReader = newReader;
  }

  /** Answers 101, or 400 if this is no WebSocket handshake; `opened` runs in the turn in which the socket exists. */
  accept(request: IncomingMessage, stream: Duplex, head: Buffer, opened: (socket: CarrierSocket) => void): void {
    this.#server.handleUpgrade(request, stream, head, socket => opened(wrap(socket, this.#newReader())));
  }

  /** Answers a status other than 101 and ends the connection. */
  refuse(stream: Duplex, status: number): void {
    stream.on('error', () => {}); // a peer that is refused may be gone already
    stream.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  }
}

function wrap(socket: WebSocket, read: Reader): CarrierSocket {
  const {promise: closed, resolve} = Promise.withResolvers<{code: number}>();
  socket.on('close', code => resolve({code}));
  socket.on('error', () => {}); // what was wrong is in the close code: ws closes after every error
  /** How the peer's first `start` names its stream. What we send before it has no stream to go to. */
  let stream: StreamName | undefined;
  const send = (text: string) => {
    if (socket.readyState === socket.OPEN) socket.send(text);
  };
  const received = (text: string): CarrierEvent => {
    const got = read(text);
    if (got.ok && got.message.event === 'start') stream ??= got.message.streamSid ?? got.message.start.streamSid;
    return toCarrierEvent(got);
  };
  return {
    carrier: 'twilio',
    closed,
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    sendAudio(payload) {
      if (stream !== undefined) send(mediaMessage(stream, payload));
    },
    sendMark(name) {
      if (stream !== undefined) send(markMessage(stream, name));
    },
    sendClear() {
      if (stream !== undefined) send(clearMessage(stream));
    },
    close: (code, reason) => socket.close(code, reason),
    terminate: () => socket.terminate(),
    ping() {
      if (socket.readyState === socket.OPEN) socket.ping();
    },
    onEvent(listener) {
      socket.on('message', (raw, isBinary) => listener(isBinary ? BINARY : received(textOf(raw))));
    },
    onPong: listener => void socket.on('pong', listener),
  };
}

function textOf(raw: RawData): string {
  if (Buffer.isBuffer(raw)) return raw.toString();
  return Array.isArray(raw) ? Buffer.concat(raw).toString() : Buffer.from(raw).toString();
}
