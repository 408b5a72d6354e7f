import {once} from 'node:events';
import type {IncomingMessage} from 'node:http';
import type {Duplex} from 'node:stream';
import {WebSocket, WebSocketServer} from 'ws';
import {z} from 'zod';
import {CallSid, StreamSid, Ticket} from '@voicebridge/shared/protocol/ids.ts';
import type {RequestHead} from '@voicebridge/shared/service/request-head.ts';
import type {Carrier, CarrierEvent, CarrierSocket} from '../carriers/carrier.ts';

const KEY = 'a key of the other carrier';
const PATH = /^\/streams\/([0-9a-f]{32})$/;

/** What this carrier sends: its own names, ids and nesting. It numbers no messages. */
const Incoming = z.discriminatedUnion('event', [
  z.object({
    event: z.literal('start'),
    stream_id: StreamSid,
    call: z.object({control_id: CallSid, tags: z.record(z.string(), z.string()).default({})}),
    codec: z.object({name: z.string(), hz: z.number()}),
  }),
  z.object({event: z.literal('media'), data: z.object({audio: z.object({ms: z.number(), pcmu: z.base64()})})}),
  z.object({event: z.literal('cue.reached'), cue: z.string()}),
  z.object({event: z.literal('keypress'), key: z.object({value: z.string()})}),
  z.object({event: z.literal('hangup'), cause: z.string()}),
]);

/** A carrier that has nothing in common with Twilio but μ-law at 8 kHz over a WebSocket. */
export class OtherCarrier implements Carrier<IncomingMessage, Duplex> {
  readonly #server = new WebSocketServer({noServer: true, clientTracking: false});

  verifyUpgrade(
    {url = '', headers}: RequestHead,
    hasRoom: boolean,
  ): ReturnType<Carrier<never, never>['verifyUpgrade']> {
    const ticket = Ticket.safeParse(PATH.exec(url)?.[1]);
    if (!ticket.success) return {ok: false, status: 404, reason: 'path'};
    if (headers['x-carrier-key'] !== KEY) return {ok: false, status: 403, reason: 'signature'};
    return hasRoom ? {ok: true, ticket: ticket.data} : {ok: false, status: 503, reason: 'full'};
  }

  accept(request: IncomingMessage, stream: Duplex, head: Buffer, opened: (socket: CarrierSocket) => void): void {
    this.#server.handleUpgrade(request, stream, head, socket => opened(wrap(socket)));
  }

  refuse(stream: Duplex, status: number): void {
    stream.once('finish', () => stream.destroy());
    stream.end(`HTTP/1.1 ${status} \r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  }
}

function wrap(socket: WebSocket): CarrierSocket {
  const {promise: closed, resolve} = Promise.withResolvers<{code: number}>();
  socket.on('close', code => resolve({code}));
  const send = (command: object) => socket.send(JSON.stringify(command));
  return {
    carrier: 'other',
    closed,
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    sendAudio(mark, bytes, from, to) {
      if (to > from) send({command: 'play', pcmu: bytes.toString('latin1', from, to)});
      if (mark !== '') send({command: 'cue', cue: mark});
    },
    sendMark: name => send({command: 'cue', cue: name}),
    sendClear: () => send({command: 'flush'}),
    close: (code, reason) => socket.close(code, reason),
    terminate: () => socket.terminate(),
    ping: () => socket.ping(),
    onEvent(listener) {
      socket.on('message', (raw: Buffer) => {
        const event = eventOf(raw.toString());
        if (event) listener(event);
      });
    },
    onAudio(listener) {
      socket.on('message', (raw: Buffer) => {
        const {event, data} = JSON.parse(raw.toString());
        if (event !== 'media' || !data) return;
        const bytes = Buffer.from(data.audio.pcmu);
        listener(undefined, undefined, data.audio.ms, bytes, 0, bytes.length);
      });
    },
    onControl: listener => void socket.on('pong', () => listener('pong')),
  };
}

/** Undefined for audio. */
function eventOf(text: string): CarrierEvent | undefined {
  const read = Incoming.safeParse(JSON.parse(text));
  if (!read.success) return {kind: 'unreadable', reason: 'unexpectedShape', detail: 'not a message of this carrier'};
  const message = read.data;
  switch (message.event) {
    case 'start': {
      const {call, stream_id: streamSid, codec} = message;
      const encoding = codec.name === 'PCMU' ? 'mulaw' : 'other';
      const format = {encoding, sampleRate: codec.hz, channels: 1} as const;
      return {kind: 'started', callSid: call.control_id, streamSid, facts: call.tags, format};
    }
    case 'media':
      return undefined;
    case 'cue.reached':
      return {kind: 'markReturned', name: message.cue};
    case 'keypress':
      return {kind: 'digit', digit: message.key.value};
    case 'hangup':
      return {kind: 'stopped'};
    default:
      return message satisfies never;
  }
}

/** A phone behind that carrier: it opens the socket and keeps every command that comes. */
export class OtherCarrierPhone {
  readonly socket: WebSocket;
  readonly callSid: CallSid;
  readonly streamSid = StreamSid.parse('6f1c9e3a-0d52-4b7e-9a41-2f8d1c7b5e90');
  readonly got: object[] = [];
  readonly closed: Promise<number>;
  #spokenMs = 0;

  constructor(port: number, ticket: Ticket, callSid: CallSid, key = KEY) {
    this.callSid = callSid;
    this.socket = new WebSocket(`ws://127.0.0.1:${port}/streams/${ticket}`, {headers: {'x-carrier-key': key}});
    this.socket.on('message', (raw: Buffer) => this.got.push(JSON.parse(raw.toString())));
    this.socket.on('error', () => {});
    const {promise, resolve} = Promise.withResolvers<number>();
    this.closed = promise;
    this.socket.on('close', resolve);
  }

  async open(): Promise<this> {
    if (this.socket.readyState === WebSocket.CONNECTING) await once(this.socket, 'open');
    return this;
  }

  start(codec = {name: 'PCMU', hz: 8_000}): void {
    this.send({event: 'start', stream_id: this.streamSid, call: {control_id: this.callSid}, codec});
  }

  /** Twenty milliseconds of audio. */
  speak(payload: string): void {
    this.send({event: 'media', data: {audio: {ms: this.#spokenMs, pcmu: payload}}});
    this.#spokenMs += 20;
  }

  send(message: object): void {
    this.socket.send(JSON.stringify(message));
  }
}
