import {connect} from 'node:net';
import type {Millis} from '@voicebridge/shared/time.ts';

/** A request as bytes, and what it is for the table. */
export interface Forgery {
  readonly what: string;
  readonly port: number;
  readonly text: string;
}

const AT_ONCE = 40;
const ANSWER_WITHIN: Millis = 5_000;
/** Where in an answer its status is: `HTTP/1.1 403`. */
const [STATUS_AT, STATUS_TO] = [9, 12];

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
  const sender = (done: () => void) => {
    // What the answers are read into: a stream for each of a hundred thousand connections costs more than what is attacked.
    const buffer = Buffer.allocUnsafe(1_024);
    const next = () => {
      const {value: forgery} = rest.next();
      if (!forgery) return done();
      ask(forgery, buffer, status => {
        const ofKind = answers.get(forgery.what) ?? new Map<number, number>();
        answers.set(forgery.what, ofKind.set(status, (ofKind.get(status) ?? 0) + 1));
        next();
      });
    };
    next();
  };
  await Promise.all(Array.from({length: AT_ONCE}, () => new Promise<void>(sender)));
  return answers;
}

function ask({port, text}: Forgery, buffer: Buffer, answered: (status: number) => void): void {
  let status = 0;
  const socket = connect({
    port,
    host: '127.0.0.1',
    onread: {
      buffer,
      callback(size) {
        if (size >= STATUS_TO) status = Number(buffer.toString('latin1', STATUS_AT, STATUS_TO));
        socket.destroy();
        return false;
      },
    },
  });
  socket.setTimeout(ANSWER_WITHIN, () => socket.destroy());
  socket.on('error', () => {}).on('close', () => answered(status));
  socket.write(text, 'latin1');
}
