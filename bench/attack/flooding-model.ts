import {once} from 'node:events';
import type {AddressInfo} from 'node:net';
import {type WebSocket, WebSocketServer} from 'ws';
import type {Millis} from '@voicebridge/shared/time.ts';

/** Audio of a second, in one event; not silence, which nobody hears. */
const DELTA = Buffer.alloc(8_000, 0x55).toString('base64');
/** What waits in this process is no more than this: it is the other side that must bound what it takes. */
const AHEAD = 4_000_000;
/** From the configuration of a session to the harm. */
const AFTER: Millis = 1_500;

/** `deaf`: reads nothing from then on. */
export type ModelFlood = 'audio' | 'words' | 'deaf';

/** What a hostile model has sent. */
export interface Poured {
  bytes: number;
  sessions: number;
}

/** Configures a session, and then sends `bytes` of events as fast as they are taken, or reads nothing any more. */
export function hostileSession(socket: WebSocket, what: ModelFlood, bytes: number, poured: Poured): void {
  poured.sessions += 1;
  socket.on('error', () => {});
  socket.send(JSON.stringify({type: 'session.created', event_id: 'e', session: {}}));
  socket.on('message', data => {
    const event = JSON.parse((data as Buffer).toString()) as {type?: string; session?: object};
    if (event.type !== 'session.update') return;
    socket.send(JSON.stringify({type: 'session.updated', event_id: 'e', session: event.session}));
    setTimeout(() => {
      if (socket.readyState !== socket.OPEN) return;
      if (what === 'deaf') socket.pause();
      else void pour(socket, what, bytes, poured);
    }, AFTER);
  });
}

async function pour(socket: WebSocket, what: 'audio' | 'words', bytes: number, poured: Poured): Promise<void> {
  const response = {object: 'realtime.response', id: 'r1', metadata: null, output_modalities: ['audio']};
  const created = {type: 'response.created', event_id: 'e', response: {...response, status: 'in_progress', output: []}};
  socket.send(JSON.stringify(created));
  const place = {response_id: 'r1', item_id: 'i1', output_index: 0, content_index: 0};
  const event =
    what === 'audio'
      ? {type: 'response.output_audio.delta', event_id: 'e', ...place, delta: DELTA}
      : {type: 'response.output_audio_transcript.delta', event_id: 'e', ...place, delta: 'word '.repeat(2_000)};
  const text = JSON.stringify(event);
  let sent = 0;
  while (sent < bytes && socket.readyState === socket.OPEN) {
    if (socket.bufferedAmount > AHEAD) await new Promise(resolve => setTimeout(resolve, 5));
    else {
      socket.send(text);
      sent += text.length;
      poured.bytes += text.length;
    }
  }
}

/** A Realtime API all of whose sessions are hostile. */
export async function floodingModel(what: ModelFlood, bytes: number) {
  const server = new WebSocketServer({port: 0, host: '127.0.0.1', perMessageDeflate: false});
  await once(server, 'listening');
  const poured: Poured = {bytes: 0, sessions: 0};
  server.on('connection', socket => hostileSession(socket, what, bytes, poured));
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/v1/realtime`,
    poured,
    async [Symbol.asyncDispose]() {
      for (const client of server.clients) client.terminate();
      await new Promise(resolve => server.close(resolve));
    },
  };
}
