import {once} from 'node:events';
import type {AddressInfo} from 'node:net';
import {type WebSocket, WebSocketServer} from 'ws';

/** Audio of a second, in one event; not silence, which nobody hears. */
const DELTA = Buffer.alloc(8_000, 0x55).toString('base64');
/** What waits in this process is no more than this: it is the other side that must bound what it takes. */
const AHEAD = 4_000_000;

export type ModelFlood = 'audio' | 'words';

/** A Realtime API that answers its configuration with `bytes` of events, as fast as they are taken. */
export async function floodingModel(what: ModelFlood, bytes: number) {
  const server = new WebSocketServer({port: 0, host: '127.0.0.1', perMessageDeflate: false});
  await once(server, 'listening');
  const state = {sent: 0, sessions: 0};
  const pour = async (socket: WebSocket) => {
    const send = (event: object) => socket.send(JSON.stringify(event));
    const response = {object: 'realtime.response', id: 'r1', metadata: null, output_modalities: ['audio']};
    send({type: 'response.created', event_id: 'e', response: {...response, status: 'in_progress', output: []}});
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
        state.sent += text.length;
      }
    }
  };
  server.on('connection', socket => {
    state.sessions += 1;
    socket.on('error', () => {});
    socket.send(JSON.stringify({type: 'session.created', event_id: 'e', session: {}}));
    socket.on('message', data => {
      const event = JSON.parse((data as Buffer).toString()) as {type?: string; session?: object};
      if (event.type !== 'session.update') return;
      socket.send(JSON.stringify({type: 'session.updated', event_id: 'e', session: event.session}));
      setTimeout(() => void pour(socket), 1_500);
    });
  });
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/v1/realtime`,
    state,
    async [Symbol.asyncDispose]() {
      for (const client of server.clients) client.terminate();
      await new Promise(resolve => server.close(resolve));
    },
  };
}
