import {once} from 'node:events';
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
