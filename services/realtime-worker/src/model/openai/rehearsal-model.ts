import {once} from 'node:events';
import {type WebSocket, WebSocketServer} from 'ws';
import {portOf} from '@voicebridge/shared/service/http.ts';

/** A reply of a second, in pieces: enough to run all that a real one runs. */
const PIECES = 10;
const PIECE = Buffer.alloc(800, 0x10).toString('base64');

export interface RehearsalModel extends AsyncDisposable {
  readonly url: string;
  /** How many were sent so far. */
  readonly replies: number;
}

/** A server in this process that speaks as much of the OpenAI Realtime protocol as a rehearsal needs. */
export async function openRehearsalModel(): Promise<RehearsalModel> {
  let replies = 0;
  const server = new WebSocketServer({host: '127.0.0.1', port: 0});
  await once(server, 'listening');
  server.on('connection', socket => {
    send(socket, {type: 'session.created', session: {}});
    socket.on('message', data => {
      const text = Buffer.isBuffer(data) ? data.toString() : '';
      if (text.includes('"session.update"')) send(socket, {type: 'session.updated', session: {}});
      if (!text.includes('"response.create"')) return;
      speak(socket, /"metadata":(\{.*?\})/.exec(text)?.[1]);
      replies += 1;
    });
  });
  return {
    url: `ws://127.0.0.1:${portOf(server)}`,
    get replies() {
      return replies;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of server.clients) socket.terminate();
      await new Promise(resolve => server.close(resolve));
    },
  };
}

function speak(socket: WebSocket, metadata = 'null'): void {
  const response = {id: 'response-1', metadata: JSON.parse(metadata) as unknown};
  const place = {response_id: response.id, item_id: 'item-1', output_index: 0, content_index: 0};
  const item = {id: place.item_id, type: 'message', role: 'assistant', content: []};
  send(socket, {type: 'response.created', response: {...response, status: 'in_progress', output: []}});
  send(socket, {type: 'response.output_item.added', response_id: response.id, output_index: 0, item});
  for (let piece = 0; piece < PIECES; piece += 1) {
    send(socket, {type: 'response.output_audio.delta', ...place, delta: PIECE});
    send(socket, {type: 'response.output_audio_transcript.delta', ...place, delta: 'word '});
  }
  send(socket, {type: 'response.output_audio.done', ...place});
  send(socket, {type: 'response.output_audio_transcript.done', ...place, transcript: 'word '.repeat(PIECES)});
  send(socket, {type: 'response.done', response: {...response, status: 'completed', output: [item]}});
}

let sent = 0;
function send(socket: WebSocket, event: Readonly<Record<string, unknown>>): void {
  sent += 1;
  socket.send(JSON.stringify({event_id: `event-${sent}`, ...event}));
}
