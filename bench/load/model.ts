import {once} from 'node:events';
import {createServer} from 'node:http';
import type {AddressInfo, Socket} from 'node:net';
import {type WebSocket, WebSocketServer} from 'ws';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {Metronome} from './metronome.ts';
import {ModelSession} from './model-session.ts';
import type {CallEnds} from './phone.ts';
import type {Tape} from './tape.ts';

/** The Realtime API for measuring. It and the phones are in one process, so that both ends of a way are on one clock. */
export interface Model extends AsyncDisposable {
  readonly url: string;
  /** Sessions that were opened, and milliseconds of audio that they were given. */
  readonly sessions: number;
  readonly heardMs: Millis;
  /** Takes the sessions that are opened from now on; this model answers them if it is not set. */
  instead: ((socket: WebSocket) => void) | undefined;
  /** Takes the sockets of handshakes from now on, and answers them itself. `key`: of the handshake. */
  upgradeInstead: ((key: string, socket: Socket) => void) | undefined;
}

/** `callOf`: the call of a number, which its frames carry. `tape`: of the run of this moment. */
export async function startModel(parts: {
  readonly metronome: Metronome;
  readonly callOf: (number: number) => CallEnds | undefined;
  readonly tape: () => Tape;
}): Promise<Model> {
  const server = new WebSocketServer({noServer: true, perMessageDeflate: false});
  const http = createServer().listen(0, '127.0.0.1');
  await once(http, 'listening');
  http.on('upgrade', (request, socket, head) => {
    if (model.upgradeInstead)
      return model.upgradeInstead(String(request.headers['sec-websocket-key']), socket as Socket);
    server.handleUpgrade(request, socket, head, opened => server.emit('connection', opened, request));
    return undefined;
  });
  let [sessions, deltas, heardMs] = [0, 0, 0];
  const nextNumber = () => (deltas += 1);
  server.on('connection', socket => {
    sessions += 1;
    if (model.instead) return model.instead(socket);
    const send = (text: string) => socket.readyState === socket.OPEN && socket.send(text);
    const session = new ModelSession({name: String(sessions), send, callOf: parts.callOf, nextNumber});
    const stop = parts.metronome.add(at => session.tick(at));
    const arrived = ({departures, heard}: CallEnds, frame: number) => {
      const at = performance.now();
      heard(at);
      parts.tape().arrived(departures, frame, at);
    };
    socket.on('close', stop).on('error', () => {});
    socket.on('message', data => {
      const text = (data as Buffer).toString();
      const audio = audioIn(text);
      if (audio) heardMs += audio.length / 8;
      if (audio) session.hear(audio, arrived);
      else session.receive(JSON.parse(text) as {type?: string});
    });
    return undefined;
  });
  const model: Model = {
    instead: undefined,
    upgradeInstead: undefined,
    get sessions() {
      return sessions;
    },
    get heardMs() {
      return heardMs;
    },
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/v1/realtime`,
    async [Symbol.asyncDispose]() {
      for (const client of server.clients) client.terminate();
      // Not awaited: it waits for sockets that were given to another process.
      http.close();
    },
  };
  return model;
}

const AUDIO = '"audio":"';

/** The audio of an append, without reading its JSON: it is the only event whose `audio` is text. */
function audioIn(text: string): Buffer | undefined {
  const from = text.indexOf(AUDIO);
  if (from < 0 || !text.includes('"input_audio_buffer.append"')) return undefined;
  const start = from + AUDIO.length;
  return Buffer.from(text.slice(start, text.indexOf('"', start)), 'base64');
}
