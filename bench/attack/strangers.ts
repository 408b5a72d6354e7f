import {once} from 'node:events';
import {connect, type Socket} from 'node:net';
import type {Millis} from '@voicebridge/shared/time.ts';

/** A request as bytes, and what it is for the table. */
export interface Forgery {
  readonly what: string;
  readonly port: number;
  readonly text: string;
}

const AT_ONCE = 40;
const ANSWER_WITHIN: Millis = 5_000;

/** A handshake for a path of the edge. */
export function handshake(path: string, signature?: string): string {
  return [
    `GET ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    ...(signature === undefined ? [] : [`X-Twilio-Signature: ${signature}`]),
    '\r\n',
  ].join('\r\n');
}

/** A form as Twilio posts it. */
export function post(path: string, form: Readonly<Record<string, string>>, signature?: string): string {
  const body = new URLSearchParams(form).toString();
  return [
    `POST ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Content-Type: application/x-www-form-urlencoded',
    `Content-Length: ${body.length}`,
    ...(signature === undefined ? [] : [`X-Twilio-Signature: ${signature}`]),
    '',
    body,
  ].join('\r\n');
}

/** Sends each on a connection of its own. Returns how often each status came; 0: no answer. */
export async function sendAll(forgeries: readonly Forgery[]): Promise<Map<string, Map<number, number>>> {
  const answers = new Map<string, Map<number, number>>();
  const rest = forgeries.values();
  const sender = async () => {
    for (const {what, port, text} of rest) {
      const status = await ask(port, text);
      const ofKind = answers.get(what) ?? new Map<number, number>();
      answers.set(what, ofKind.set(status, (ofKind.get(status) ?? 0) + 1));
    }
  };
  await Promise.all(Array.from({length: AT_ONCE}, sender));
  return answers;
}

async function ask(port: number, text: string): Promise<number> {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  const timer = setTimeout(() => socket.destroy(), ANSWER_WITHIN);
  socket.write(text);
  const answer = (await Promise.race([once(socket, 'data'), once(socket, 'close')]).catch(() => [])) as unknown[];
  clearTimeout(timer);
  socket.destroy();
  return Number(/^HTTP\/1.1 (\d{3})/.exec(String(answer[0]))?.[1] ?? 0);
}

const HEAD = 'GET /nothing HTTP/1.1\r\nHost: x\r\n';

/** What hostile sockets do that never prove anything. None closes by itself. */
const HOSTILE: readonly ((socket: Socket) => NodeJS.Timeout | undefined)[] = [
  () => undefined, // silent
  socket => {
    socket.write(`${HEAD}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`); // refused, and never closed
    return undefined;
  },
  socket => {
    socket.write(HEAD); // a header that never ends, a byte a second
    return setInterval(() => socket.write('a'), 1_000);
  },
  socket => {
    socket.write('POST /incoming-call HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\na'); // a body that never ends
    return undefined;
  },
];

/** So many hostile sockets at one port, each opened again a moment after it was closed. */
export class HostileSockets implements Disposable {
  readonly #port: number;
  readonly #open = new Map<Socket, {readonly since: Millis; readonly timer: NodeJS.Timeout | undefined}>();
  #over = false;
  opened = 0;
  /** How long the longest lived. */
  oldestMs: Millis = 0;

  constructor(port: number, count: number) {
    this.#port = port;
    for (let place = 0; place < count; place += 1) this.#openOne(place);
  }

  get size(): number {
    return this.#open.size;
  }

  #openOne(place: number): void {
    if (this.#over) return;
    const socket = connect({port: this.#port, host: '127.0.0.1', allowHalfOpen: true});
    const began = performance.now();
    this.opened += 1;
    socket.on('error', () => {}).resume();
    socket.on('connect', () => {
      this.#open.set(socket, {since: began, timer: HOSTILE[place % HOSTILE.length]?.(socket)});
    });
    // The edge has ended it. Half open, it would stay here for ever.
    socket.on('end', () => socket.destroy());
    socket.on('close', () => {
      clearTimeout(this.#open.get(socket)?.timer);
      this.#open.delete(socket);
      this.oldestMs = Math.max(this.oldestMs, performance.now() - began);
      setTimeout(() => this.#openOne(place), 1_000);
    });
  }

  [Symbol.dispose](): void {
    this.#over = true;
    for (const socket of this.#open.keys()) socket.destroy();
  }
}
