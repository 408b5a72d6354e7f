import {randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {getExpectedTwilioSignature} from 'twilio/lib/webhooks/webhooks.js';
import {WebSocket} from 'ws';
import {CallSid, StreamSid, Ticket} from '@voicebridge/shared/protocol/ids.ts';

export const newCallSid = () => CallSid.parse(`CA${randomBytes(16).toString('hex')}`);
export const newStreamSid = () => StreamSid.parse(`MZ${randomBytes(16).toString('hex')}`);
export const newTicket = () => Ticket.parse(randomBytes(16).toString('hex'));

export const TOKEN = 'a-token';
export const PUBLIC_URL = 'wss://edge.test';

/** A socket as Twilio opens it. It keeps every message that comes. */
export class TwilioClient {
  readonly socket: WebSocket;
  readonly callSid: CallSid;
  readonly streamSid = newStreamSid();
  readonly got: {event: string; media?: {payload: string}; mark?: {name: string}}[] = [];
  readonly closed: Promise<number>;
  /** The close reason of the edge. */
  readonly goodbye: Promise<string>;
  /** The HTTP status: 101, or why the socket was refused. */
  readonly answered: Promise<number>;
  #sequence = 1;
  #chunk = 0;

  constructor(port: number, path: string, callSid: CallSid, headers: Record<string, string>) {
    this.callSid = callSid;
    this.socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, {headers, perMessageDeflate: false});
    this.socket.on('message', (raw: Buffer) => this.got.push(JSON.parse(raw.toString())));
    this.socket.on('error', () => {});
    const closed = Promise.withResolvers<number>();
    const goodbye = Promise.withResolvers<string>();
    const answered = Promise.withResolvers<number>();
    this.closed = closed.promise;
    this.goodbye = goodbye.promise;
    this.answered = answered.promise;
    this.socket.on('close', (code, reason) => {
      closed.resolve(code);
      goodbye.resolve(reason.toString());
    });
    this.socket.on('open', () => answered.resolve(101));
    this.socket.on('unexpected-response', (_request, response) => answered.resolve(response.statusCode ?? 0));
  }

  /** Opens `/media-stream/<ticket>`, signed as Twilio signs. */
  static signed(port: number, ticket: Ticket, callSid: CallSid, token = TOKEN): TwilioClient {
    const path = `/media-stream/${ticket}`;
    const signature = getExpectedTwilioSignature(token, `${PUBLIC_URL}${path}`, {});
    return new TwilioClient(port, path, callSid, {'x-twilio-signature': signature});
  }

  async open(): Promise<this> {
    if (this.socket.readyState === WebSocket.CONNECTING) await once(this.socket, 'open');
    return this;
  }

  send(message: object | string): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  start(callSid = this.callSid): void {
    this.send({event: 'connected', protocol: 'Call', version: '1.0.0'});
    const mediaFormat = {encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1};
    const {streamSid} = this;
    const accountSid = `AC${'0'.repeat(32)}`;
    this.send({
      event: 'start',
      sequenceNumber: '1',
      start: {accountSid, streamSid, callSid, tracks: ['inbound'], mediaFormat, customParameters: {}},
      streamSid,
    });
  }

  /** Sends 20 ms of audio, whose payload contains its number if none is given. Returns the payload. */
  speak(audio?: string): string {
    this.#chunk += 1;
    const payload = audio ?? payloadOf(this.#chunk);
    const timestamp = String(100 + this.#chunk * 20);
    this.send(
      `{"event":"media","sequenceNumber":"${this.#next()}","media":{"track":"inbound","chunk":"${this.#chunk}","timestamp":"${timestamp}","payload":"${payload}"},"streamSid":"${this.streamSid}"}`,
    );
    return payload;
  }

  mark(name: string): void {
    this.send({event: 'mark', sequenceNumber: this.#next(), streamSid: this.streamSid, mark: {name}});
  }

  press(digit: string): void {
    const {streamSid} = this;
    this.send({event: 'dtmf', streamSid, sequenceNumber: this.#next(), dtmf: {track: 'inbound_track', digit}});
  }

  stop(): void {
    const {streamSid, callSid} = this;
    this.send({event: 'stop', sequenceNumber: this.#next(), streamSid, stop: {accountSid: 'AC', callSid}});
  }

  /** The payloads that came, in order. */
  heard(): string[] {
    return this.got.flatMap(message => (message.media ? [message.media.payload] : []));
  }

  #next(): string {
    this.#sequence += 1;
    return String(this.#sequence);
  }
}

/** 20 ms of μ-law (160 bytes) that begin with a number. */
export function payloadOf(number: number): string {
  const bytes = Buffer.alloc(160, 0xff);
  bytes.writeUInt32BE(number);
  return bytes.toString('base64');
}
