import type {Millis} from '@voicebridge/shared/time.ts';

/** Which stream the messages speak of. */
export interface StreamIdentity {
  readonly accountSid: string;
  readonly callSid: string;
  readonly streamSid: string;
  readonly customParameters: Readonly<Record<string, string>>;
}

/**
 * Every text Twilio sends on one stream, in the key order seen on the wire. The sequence number begins with 1 at `start`
 * and rises with every later message of any kind; numbers are texts, except `sampleRate` and `channels`.
 */
export class StreamMessages {
  readonly #stream: StreamIdentity;
  #sequence = 0;

  constructor(stream: StreamIdentity) {
    this.#stream = stream;
  }

  connected(): string {
    return '{"event":"connected","protocol":"Call","version":"1.0.0"}';
  }

  start(): string {
    const {accountSid, streamSid, callSid, customParameters} = this.#stream;
    const start = {
      accountSid,
      streamSid,
      callSid,
      tracks: ['inbound'],
      mediaFormat: {encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1},
      customParameters,
    };
    return JSON.stringify({event: 'start', sequenceNumber: this.#next(), start, streamSid});
  }

  /** Built by hand, since it leaves fifty times a second on every call. */
  media(chunk: number, timestamp: Millis, base64: string): string {
    return `{"event":"media","sequenceNumber":"${this.#next()}","media":{"track":"inbound","chunk":"${chunk}","timestamp":"${timestamp}","payload":"${base64}"},"streamSid":"${this.#stream.streamSid}"}`;
  }

  mark(name: string): string {
    const {streamSid} = this.#stream;
    return JSON.stringify({event: 'mark', sequenceNumber: this.#next(), streamSid, mark: {name}});
  }

  /** `inbound_track` here and `inbound` in media messages, as Twilio sends them. */
  dtmf(digit: string): string {
    const {streamSid} = this.#stream;
    const dtmf = {track: 'inbound_track', digit};
    return JSON.stringify({event: 'dtmf', streamSid, sequenceNumber: this.#next(), dtmf});
  }

  stop(): string {
    const {accountSid, callSid, streamSid} = this.#stream;
    return JSON.stringify({event: 'stop', sequenceNumber: this.#next(), streamSid, stop: {accountSid, callSid}});
  }

  #next(): string {
    this.#sequence += 1;
    return String(this.#sequence);
  }
}
