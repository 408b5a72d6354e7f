import {performance} from 'node:perf_hooks';
import type {AddressInfo} from 'node:net';
import {type WebSocket, WebSocketServer} from 'ws';

/** What reached the model, and when, by the number that each caller frame carries in its first bytes. */
export interface ProbeModel extends AsyncDisposable {
  readonly url: string;
  /** Caller frame → arrival here; keys are `call:frame`. */
  readonly arrivals: Map<string, number>;
  /** Says a quarter of a second of audio, numbered, on every twelfth session: replies do not come all at once. */
  speak(twelfth: number): void;
  /** Reports speech of the caller in every session; the moment is in `interruptions`. */
  interrupt(): void;
  /** When each session reported speech of the caller. */
  readonly interruptions: Map<number, number>;
  /** Moments at which numbered audio left, by its number. */
  readonly departures: Map<number, number>;
}

const FORMAT = {type: 'audio/pcmu'};
const UPDATED = {type: 'session.updated', session: {audio: {input: {format: FORMAT}, output: {format: FORMAT}}}};

/**
 * A model for measuring, not for testing: it answers what the protocol needs and keeps the time. It and the phones live
 * in one process, so that both ends of a way are on one clock.
 */
export async function startProbeModel(): Promise<ProbeModel> {
  const server = new WebSocketServer({port: 0, host: '127.0.0.1', perMessageDeflate: false});
  await new Promise(resolve => server.once('listening', resolve));
  const arrivals = new Map<string, number>();
  const departures = new Map<number, number>();
  const interruptions = new Map<number, number>();
  const sessions: {socket: WebSocket; call: number; item: string; spoken: number}[] = [];
  let numbers = 0;
  server.on('connection', socket => {
    const session = {socket, call: -1, item: '', spoken: 0};
    sessions.push(session);
    const send = (event: object) => socket.send(JSON.stringify(event));
    send({type: 'session.created', session: {}});
    socket.on('message', data => {
      const text = Buffer.from(data as Buffer).toString('utf8');
      if (text.startsWith('{"type":"input_audio_buffer.append"')) {
        const head = Buffer.from(text.slice(45, 61), 'base64');
        if (head[0] !== 0xa5) return;
        session.call = head.readUInt16BE(1);
        arrivals.set(`${session.call}:${head.readUInt32BE(3)}`, performance.now());
      } else if (text.startsWith('{"type":"session.update"')) send(UPDATED);
    });
  });
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/v1/realtime`,
    arrivals,
    departures,
    interruptions,
    speak(twelfth) {
      for (const [index, session] of sessions.entries()) {
        if (index % 12 !== twelfth || session.socket.readyState !== session.socket.OPEN) continue;
        if (session.item === '') {
          session.spoken += 1;
          session.item = `item_${sessions.indexOf(session)}_${session.spoken}`;
          session.socket.send(JSON.stringify({type: 'response.created', response: {id: `r_${session.item}`}}));
        }
        const audio = Buffer.alloc(2_000, 0xff);
        numbers += 1;
        audio[0] = 0xa6;
        audio.writeUInt32BE(numbers, 1);
        departures.set(numbers, performance.now());
        const delta = {response_id: `r_${session.item}`, item_id: session.item, delta: audio.toString('base64')};
        session.socket.send(JSON.stringify({type: 'response.output_audio.delta', ...delta}));
      }
    },
    interrupt() {
      for (const session of sessions) {
        if (session.socket.readyState !== session.socket.OPEN || session.item === '') continue;
        interruptions.set(session.call, performance.now());
        const event = {type: 'input_audio_buffer.speech_started', item_id: `u_${session.item}`, audio_start_ms: 0};
        session.socket.send(JSON.stringify(event));
        session.socket.send(
          JSON.stringify({type: 'response.done', response: {id: `r_${session.item}`, status: 'cancelled'}}),
        );
        session.item = '';
      }
    },
    async [Symbol.asyncDispose]() {
      for (const {socket} of sessions) socket.terminate();
      await new Promise(resolve => server.close(resolve));
    },
  };
}
