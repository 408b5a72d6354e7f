import {connect, isIP, type Socket} from 'node:net';
import {connect as connectTls} from 'node:tls';
import type {RedisAccess} from '../redis/client.ts';
import type {Cancel, Clock, Millis} from '../time.ts';
import type {Address} from './address.ts';
import type {Asker, Batch} from './resp-batch.ts';
import {NotResp, RespReader, type RespSink, type RespValue, type Span} from './resp-reader.ts';

/** A connection that is not open by then is given up. */
const OPEN_WITHIN: Millis = 1_000;
/** More than this waits for a Redis that does not read: the connection is sick. Bytes. */
const MOST_UNSENT = 4_194_304;
/** One read takes as much as this. Bytes. */
const READ_SIZE = 65_536;

/** What Redis said instead of doing what it was asked. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

export interface ConnectionEvents {
  /** It can be written to. `hello`: the answer of Redis to `HELLO`. */
  opened(hello: RespValue): void;
  message(bytes: Buffer, channel: Span, body: Span): void;
  pushed(kind: string, parts: readonly RespValue[]): void;
  /** Another node has to be asked. Returns true if the oldest command of `batch` without reply was sent there. */
  moved(text: string, batch: Batch): boolean;
  /** Every command of `batch` has its reply. */
  settled(batch: Batch): void;
  /** Called once, after all that was unanswered has been refused. */
  closed(error: Error): void;
}

/**
 * One connection to Redis, for commands whose replies are counted. It is opened once. When anything is wrong with it, it is
 * closed as a whole: a reply that cannot be told from another would give every later reply to the wrong asker.
 */
export class MediaConnection implements RespSink, Asker {
  readonly #events: ConnectionEvents;
  readonly #socket: Socket;
  readonly #reader = new RespReader(this);
  readonly #inFlight: Batch[] = [];
  readonly #patience: Cancel;
  #state: 'opening' | 'open' | 'closed' = 'opening';
  #preludeRefused = false;

  /** `hello`: a batch to begin with. */
  constructor(address: Address, access: RedisAccess, clock: Clock, hello: Batch, events: ConnectionEvents) {
    this.#events = events;
    const read = {
      buffer: Buffer.alloc(READ_SIZE),
      callback: (length: number, bytes: Uint8Array) => {
        this.#read(Buffer.from(bytes.buffer, bytes.byteOffset, length));
        return true;
      },
    };
    const to = {...address, ...(isIP(address.host) === 0 ? {servername: address.host} : {}), onread: read};
    this.#socket = access.tls ? connectTls(Object.assign(to, access.tls)) : connect(to);
    this.#socket.setNoDelay(true);
    this.#socket.on('error', error => this.close(error));
    this.#socket.on('close', () => this.close(new Error('the connection was closed')));
    this.#patience = clock.after(OPEN_WITHIN, () => this.close(new Error('no answer to HELLO')));
    const {username = 'default', password} = access;
    const auth = password === undefined ? [] : ['AUTH', username, password];
    hello.command(['HELLO', '3', ...auth, 'SETNAME', 'voicebridge-media'], this);
    this.write(hello);
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** Writes all of it at once. It belongs to the connection until it is `settled`. */
  write(batch: Batch): void {
    this.#inFlight.push(batch);
    this.#socket.write(batch.bytes);
    if (this.#socket.writableLength > MOST_UNSENT) this.close(new Error('redis does not read what we send'));
  }

  /** Closes it, whatever it is waiting for. Idempotent. */
  close(error: Error): void {
    if (this.#state === 'closed') return;
    this.#socket.destroy();
    this.#release(error);
  }

  #release(error: Error): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#patience();
    this.#reader.stop();
    for (const batch of this.#inFlight.splice(0)) batch.abandon(error);
    this.#events.closed(error);
  }

  /** Lets the socket send what was written, and closes it. */
  end(): void {
    const socket = this.#socket;
    if (this.#state !== 'closed') {
      // A Redis that hangs must not keep this process alive.
      socket.unref();
      socket.end(() => socket.destroy());
    }
    this.#release(new Error('the connection was ended'));
  }

  #read(bytes: Buffer): void {
    try {
      this.#reader.feed(bytes);
    } catch (thrown) {
      if (!(thrown instanceof NotResp)) throw thrown;
      this.close(new Error(`redis does not speak its protocol: ${thrown.message}`, {cause: thrown}));
    }
  }

  integer(value: number): void {
    const batch = this.#answering();
    if (!batch) return;
    batch.counted(value);
    this.#settle(batch);
  }

  value(value: RespValue): void {
    const batch = this.#answering();
    if (!batch) return;
    batch.answered(value);
    this.#settle(batch);
  }

  error(text: string): void {
    const batch = this.#answering();
    if (!batch) return;
    const error = new Refusal(text);
    const asker = batch.next;
    if (asker?.preludeRefused && !this.#preludeRefused) {
      this.#preludeRefused = true;
      asker.preludeRefused(error);
      return;
    }
    if (asker?.preludeRefused) return this.close(error);
    if (!text.startsWith('MOVED ') || !this.#events.moved(text, batch)) batch.refused(error);
    this.#settle(batch);
  }

  message(bytes: Buffer, channel: Span, body: Span): void {
    this.#events.message(bytes, channel, body);
  }

  push(kind: string, parts: readonly RespValue[]): void {
    this.#events.pushed(kind, parts);
  }

  /** The batch whose reply has come. Those before it that await none were carried out. */
  #answering(): Batch | undefined {
    let [batch] = this.#inFlight;
    while (batch && !batch.awaitsReply) {
      this.#inFlight.shift();
      this.#events.settled(batch);
      [batch] = this.#inFlight;
    }
    if (!batch) this.close(new Error('redis sent an answer that belongs to no request'));
    return batch;
  }

  #settle(batch: Batch): void {
    this.#preludeRefused = false;
    if (!batch.isSettled || this.#inFlight[0] !== batch) return;
    this.#inFlight.shift();
    this.#events.settled(batch);
  }

  answered(_tag: number, hello: RespValue): void {
    this.#patience();
    this.#state = 'open';
    this.#events.opened(hello);
  }

  counted(): void {
    this.close(new Error('redis has answered HELLO with a number'));
  }

  refused(_tag: number, error: Error): void {
    this.close(error);
  }
}
