import type {Socket} from 'node:net';
import {readInPlace} from '@voicebridge/shared/service/read-in-place.ts';
import {WebSocket} from 'ws';
import {FramePieces} from './frame-pieces.ts';

/** What is still read of a server whose session we have closed, in bytes. */
const UNWANTED_AT_MOST = 262_144;

export interface PacedBytesDeps {
  readonly socket: WebSocket;
  /** Whether nothing is to be read for now. */
  readonly isPaused: () => boolean;
  /** Nothing is to be read for a moment: other calls of the process have their turn. */
  readonly rest: () => void;
  /** The session is over: nobody wants what still comes. */
  readonly isOver: () => boolean;
}

/**
 * The bytes that a model's server sends, on their way from the connection to the library that reads the frames in them. A
 * flood of tiny frames in one read is passed on in pieces, with a rest between them.
 */
export class PacedBytes {
  readonly #deps: PacedBytesDeps;
  readonly #pieces = new FramePieces();
  /** What was read and is not passed on yet. */
  #kept: Buffer | undefined;
  #unwanted = 0;
  #library: (bytes: Buffer) => void = () => {};

  constructor(deps: PacedBytesDeps) {
    this.#deps = deps;
  }

  /** Reads this connection in place of the library. What came with the handshake waits in the stream, and comes first. */
  readFrom(connection: Socket): void {
    const [library, ...others] = connection.listeners('data');
    if (!isListener(library) || others.length > 0) return;
    // The library may keep what it is given, and forgets a connection that is closed.
    this.#library = bytes => library.call(connection, Buffer.from(bytes));
    connection.once('close', () => (this.#library = () => {}));
    const read = (bytes: Buffer) => this.#read(bytes);
    connection.on('data', read);
    connection.off('data', library);
    readInPlace(connection, read);
  }

  /** The session is read again. */
  goOn(): void {
    const kept = this.#kept;
    this.#kept = undefined;
    if (kept) this.#read(kept);
  }

  /** `bytes` are valid during the call only. */
  #read(bytes: Buffer): void {
    const {socket, isPaused, rest} = this.#deps;
    if (this.#kept) {
      this.#kept = Buffer.concat([this.#kept, bytes]);
      return;
    }
    let at = 0;
    // Behind the end of a session or an error the library expects nothing more.
    while (at < bytes.length && socket.readyState === WebSocket.OPEN && !this.#deps.isOver()) {
      if (isPaused()) {
        this.#kept = Buffer.from(bytes.subarray(at));
        return;
      }
      const end = this.#pieces.end(bytes, at);
      this.#library(bytes.subarray(at, end));
      at = end;
      if (at < bytes.length) rest();
    }
    this.#ignore(bytes.length - at);
  }

  /** A server that sends on and on would keep this process busy while its session is being closed. */
  #ignore(bytes: number): void {
    this.#unwanted += bytes;
    if (this.#unwanted > UNWANTED_AT_MOST) this.#deps.socket.terminate();
  }
}

function isListener(listener: unknown): listener is (this: Socket, chunk: Buffer) => void {
  return typeof listener === 'function';
}
