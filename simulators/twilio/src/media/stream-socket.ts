import type {Socket} from 'node:net';
import type {Cancel, Clock, Millis} from '@voicebridge/shared/time.ts';
import {type ClientOptions, WebSocket} from 'ws';

/** How a socket ended: the close code that came (1005 empty, 1006 none), and Twilio's error code if it was no good end. */
export interface SocketEnd {
  readonly closeCode: number;
  readonly error?: number;
  readonly detail: string;
}

export interface StreamSocketListener {
  opened(): void;
  text(text: string): void;
  binary(bytes: number): void;
  /** Exactly once, whatever happens. */
  ended(end: SocketEnd): void;
}

export interface StreamSocketOptions {
  readonly url: string;
  readonly signature: string;
  readonly clock: Clock;
  readonly upgradeTimeout: Millis;
  readonly answerPings: boolean;
}

/** A message larger than this cannot be meant. */
const MAX_PAYLOAD = 4 * 1024 * 1024;

/**
 * The socket of one stream, opened with exactly the headers seen in captures: no subprotocol, no extension, no Origin.
 * Real Twilio never reconnects, and neither does this.
 */
export class StreamSocket {
  readonly #socket: WebSocket;
  readonly #listener: StreamSocketListener;
  readonly #cancelTimeout: Cancel;
  #tcp: Socket | undefined;
  #broken: {code: number; detail: string} | undefined;
  #opened = false;
  #ended = false;

  constructor(
    {url, signature, clock, upgradeTimeout, answerPings}: StreamSocketOptions,
    listener: StreamSocketListener,
  ) {
    this.#listener = listener;
    const options: ClientOptions & {closeTimeout: Millis} = {
      headers: {'User-Agent': 'Twilio.TmeWs/1.0', 'X-Twilio-Signature': signature, 'Accept-Encoding': 'gzip'},
      perMessageDeflate: false,
      followRedirects: false,
      maxPayload: MAX_PAYLOAD,
      autoPong: answerPings,
      closeTimeout: 2_000,
    };
    this.#socket = new WebSocket(url, options);
    this.#cancelTimeout = clock.after(upgradeTimeout, () => this.#giveUp(31901, `no answer in ${upgradeTimeout} ms`));
    this.#socket.on('upgrade', response => (this.#tcp = response.socket));
    this.#socket.on('unexpected-response', (_, response) =>
      this.#giveUp(31920, `the upgrade was answered with ${response.statusCode}`),
    );
    this.#socket.on('open', () => {
      this.#opened = true;
      this.#cancelTimeout();
      listener.opened();
    });
    this.#socket.on('message', (data, isBinary) => {
      if (this.#ended || !Buffer.isBuffer(data)) return;
      if (isBinary) listener.binary(data.length);
      else listener.text(data.toString());
    });
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      const code = this.#opened ? streamErrorCode(error) : connectErrorCode(error);
      this.#broken ??= {code, detail: error.message || String(error.code)};
      if (!this.#opened) this.#end({closeCode: 1006, error: code, detail: this.#broken.detail});
    });
    this.#socket.on('close', (code, reason) => this.#end(endOf(code, reason.toString(), this.#broken)));
  }

  send(text: string): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(text);
  }

  /** Without a code, the close frame is empty: the server sees 1005. */
  close(code?: number): void {
    this.#cancelTimeout();
    this.#socket.close(code);
  }

  /** The network dies and says so: a TCP reset. */
  reset(): void {
    if (this.#tcp && !this.#tcp.destroyed) this.#tcp.resetAndDestroy();
    else this.#socket.terminate();
  }

  /** The network dies and does not say so: nothing is read any more, and nothing may be sent. */
  freeze(): void {
    this.#socket.pause();
  }

  destroy(): void {
    this.#cancelTimeout();
    this.#socket.terminate();
  }

  #giveUp(error: number, detail: string): void {
    this.#end({closeCode: 1006, error, detail});
    this.#socket.terminate();
  }

  #end(end: SocketEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cancelTimeout();
    this.#listener.ended(end);
  }
}

function endOf(closeCode: number, reason: string, broken: {code: number; detail: string} | undefined): SocketEnd {
  if (broken) return {closeCode, error: broken.code, detail: broken.detail};
  if (closeCode === 1000) return {closeCode, detail: reason};
  if (closeCode === 1006) return {closeCode, error: 31903, detail: 'the socket died without a close frame'};
  return {closeCode, error: 31921, detail: `the server closed with ${closeCode} ${reason}`.trim()};
}

/** The peer broke the WebSocket protocol, or the connection under it died. */
function streamErrorCode(error: NodeJS.ErrnoException): number {
  return error.code?.startsWith('WS_ERR') || error instanceof RangeError ? 31924 : 31903;
}

const CONNECT_CODES: Readonly<Record<string, number>> = {
  ECONNREFUSED: 31902,
  ENOTFOUND: 31904,
  EAI_AGAIN: 31904,
  EHOSTUNREACH: 31904,
  ENETUNREACH: 31904,
  ETIMEDOUT: 31901,
  EPROTO: 31910,
};

function connectErrorCode(error: NodeJS.ErrnoException): number {
  const known = CONNECT_CODES[error.code ?? ''];
  if (known) return known;
  if (error.code?.includes('CERT') || error.code?.includes('SSL') || error.code?.includes('TLS')) return 31910;
  // Without a system code it is the ws library that refuses the answer: a subprotocol, an extension, a wrong key.
  return error.code === undefined ? 31920 : 31900;
}
