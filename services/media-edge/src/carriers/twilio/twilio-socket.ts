import type {IncomingMessage} from 'node:http';
import type {Duplex} from 'node:stream';
import {readInPlace} from '@voicebridge/shared/service/read-in-place.ts';
import {WebSocketServer, type RawData, type ServerOptions, type WebSocket} from 'ws';
import type {CarrierEvent, CarrierSocket, OnCarrierAudio} from '../carrier.ts';
import type {Reader} from './read-twilio.ts';
import {toCarrierAudio, toCarrierEvent, toTimestamp, toUnreadable} from './to-carrier-event.ts';
import {TextFrames} from './text-frames.ts';
import {clearMessage, markMessage, mediaFrame, mediaMessage, type StreamName} from './to-twilio.ts';

/**
 * What a socket may cost. Twilio's messages have a few hundred bytes each; a message of the longest may hold a second and
 * a half of audio.
 */
const LIMITS = {
  maxPayload: 16_384,
  maxFragments: 16,
  maxBufferedChunks: 256,
  perMessageDeflate: false,
  closeTimeout: 2_000,
} satisfies ServerOptions & {closeTimeout: number};

const AS_TEXT = {binary: false};

/** What is still read of a peer whose socket we have closed: more than a phone sends in ten seconds. */
const MOST_BYTES_AFTER_CLOSE = 262_144;

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
    this.#server.handleUpgrade(request, stream, head, socket => opened(wrap(socket, stream, this.#newReader())));
  }
}

function wrap(socket: WebSocket, connection: Duplex, reader: Reader): CarrierSocket {
  const {promise: closed, resolve} = Promise.withResolvers<{code: number}>();
  socket.on('close', code => resolve({code}));
  socket.on('error', () => {}); // what was wrong is in the close code: ws closes after every error
  /** How the peer's first `start` names its stream. What we send before it has no stream to go to. */
  let stream: StreamName | undefined;
  let frame: ReturnType<typeof mediaFrame> | undefined;
  const send = (text: string) => {
    if (socket.readyState === socket.OPEN) socket.send(text);
  };
  let onEvent: (event: CarrierEvent) => void = () => {};
  let onAudio: OnCarrierAudio = () => {};
  const receive = (bytes: Buffer) => {
    const audio = reader.readAudio(bytes);
    if (audio) {
      const to = audio.isOutbound ? audio.from : audio.to;
      return onAudio(undefined, audio.sequence, toTimestamp(audio.timestamp), bytes, audio.from, to);
    }
    const got = reader.read(bytes.toString());
    if (!got.ok) return onEvent(toUnreadable(got));
    const {message} = got;
    if (message.event === 'media') return toCarrierAudio(message, onAudio);
    if (message.event === 'start' && stream === undefined) {
      stream = message.streamSid ?? message.start.streamSid;
      frame = mediaFrame(stream);
    }
    return onEvent(toCarrierEvent(message));
  };
  socket.on('message', (raw, isBinary) => {
    // Nobody listens any more, and to find out that a text is no JSON takes long.
    if (socket.readyState !== socket.OPEN) return;
    if (isBinary) onEvent(BINARY);
    else receive(bytesOf(raw));
  });
  readTexts(socket, connection, receive);
  return {
    carrier: 'twilio',
    closed,
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    sendAudio(mark, bytes, from, to) {
      if (stream === undefined || frame === undefined || socket.readyState !== socket.OPEN) return;
      connection.cork(); // both messages in one write
      if (to > from) socket.send(mediaMessage(frame, bytes, from, to), AS_TEXT);
      if (mark !== '') socket.send(markMessage(stream, mark));
      connection.uncork();
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
    onEvent: listener => void (onEvent = listener),
    onAudio: listener => void (onAudio = listener),
    onControl: listener => void socket.on('ping', () => listener('ping')).on('pong', () => listener('pong')),
  };
}

/**
 * Reads the whole text messages of a connection before the library does, which then has nothing to copy, to check and to
 * pass through its streams. The library gets all other bytes, in their order.
 */
function readTexts(socket: WebSocket, connection: Duplex, receive: (message: Buffer) => void): void {
  const [library, ...others] = connection.listeners('data');
  if (!isListener(library) || others.length > 0) return;
  /** It has given the connection up: what still comes is nobody's. */
  let isBroken = false;
  socket.once('error', () => (isBroken = true));
  // A copy, because the library may keep it.
  const toLibrary = (bytes: Buffer) => void (isBroken || library.call(connection, Buffer.from(bytes)));
  let afterClose = 0;
  const texts = new TextFrames(
    {
      text(message) {
        receive(message);
        return socket.readyState === socket.OPEN;
      },
      other: toLibrary,
    },
    LIMITS.maxPayload,
  );
  const read = (chunk: Buffer) => {
    if (texts.isOver) toLibrary(chunk);
    else texts.feed(chunk);
    if (socket.readyState === socket.OPEN) return;
    texts.giveUp();
    // Whoever sends on and on instead of closing would keep this process busy for as long as the closing may take.
    afterClose += chunk.length;
    if (afterClose > MOST_BYTES_AFTER_CLOSE) socket.terminate();
  };
  // What came with the handshake waits in the stream, and comes first.
  connection.on('data', read);
  connection.off('data', library);
  readInPlace(connection, read);
}

function isListener(listener: unknown): listener is (this: Duplex, chunk: Buffer) => void {
  return typeof listener === 'function';
}

/** One buffer: the messages of Twilio come in one piece. */
function bytesOf(raw: RawData): Buffer {
  if (Buffer.isBuffer(raw)) return raw;
  return Array.isArray(raw) ? Buffer.concat(raw) : Buffer.from(raw);
}
