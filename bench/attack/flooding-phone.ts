import {once} from 'node:events';
import type {Millis} from '@voicebridge/shared/time.ts';
import {WebSocket} from 'ws';
import {StreamMessages} from '../../simulators/twilio/src/media/stream-messages.ts';
import {sid} from '../../simulators/twilio/src/sid.ts';

/** How one phone behaves whose call was admitted. */
export interface Flood {
  readonly what: string;
  /** The next message; undefined: a ping. */
  readonly message: (messages: StreamMessages, n: number) => string | undefined;
  /** Messages a second. */
  readonly rate: number;
}

const audio = (bytes: number) => Buffer.alloc(bytes, 0xff).toString('base64');
const large = audio(48_000);
const second = audio(8_000);
const frame = audio(160);

export const LARGE: Flood = {
  what: '48,000 bytes of audio, 140 times a second',
  rate: 140,
  message: (m, n) => m.media(n + 1, n * 20, large),
};
export const SECOND: Flood = {
  what: 'a second of audio, 140 times a second',
  rate: 140,
  message: (m, n) => m.media(n + 1, n * 20, second),
};
/** No flood, but what a call costs that is as short as that of a phone which is closed. */
export const HANGS_UP: Flood = {
  what: 'five ordinary frames, and the end of the call',
  rate: 50,
  message: (m, n) => (n < 5 ? m.media(n + 1, n * 20, frame) : m.stop()),
};

export const FLOODS: readonly Flood[] = [
  LARGE,
  SECOND,
  {what: 'ordinary frames, 1,000 a second', rate: 1_000, message: (m, n) => m.media(n + 1, n * 20, frame)},
  {what: 'pings, 20,000 a second', rate: 20_000, message: () => undefined},
];

/** What the edge did: after how long it closed the socket, and with what. */
export interface Ending {
  readonly afterMs: Millis;
  readonly code: number;
  readonly sent: number;
}

/** Opens the stream, says which call it is for, and floods until it is closed, ten seconds at most. */
export async function flood(
  {message, rate}: Flood,
  url: string,
  callSid: string,
  headers: Readonly<Record<string, string>>,
): Promise<Ending> {
  const socket = new WebSocket(url, {perMessageDeflate: false, headers});
  socket.on('error', () => {});
  await once(socket, 'open');
  const messages = new StreamMessages({accountSid: sid('AC'), callSid, streamSid: sid('MZ'), customParameters: {}});
  socket.send(messages.connected());
  socket.send(messages.start());
  const closed = once(socket, 'close') as Promise<[number]>;
  const began = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const passed = performance.now() - began;
    if (passed > 10_000) return socket.terminate();
    while (sent < (passed / 1_000) * rate && socket.readyState === WebSocket.OPEN) {
      const text = message(messages, sent);
      if (text === undefined) socket.ping();
      else socket.send(text);
      sent += 1;
    }
    return undefined;
  }, 5);
  const [code] = await closed;
  clearInterval(timer);
  return {afterMs: performance.now() - began, code, sent};
}
