import {randomBytes} from 'node:crypto';
import {performance} from 'node:perf_hooks';
import {WebSocket} from 'ws';

/** What one phone measured. */
export interface Measured {
  /** Caller frame left, by frame number. */
  readonly departures: Map<number, number>;
  /** Numbered assistant audio arrived. */
  readonly arrivals: Map<number, number>;
  /** Clears arrived. */
  readonly clears: number[];
}

/** A phone for measuring: 50 numbered frames a second up, and the time of everything that comes down. */
export class ProbePhone implements AsyncDisposable {
  readonly measured: Measured = {departures: new Map(), arrivals: new Map(), clears: []};
  readonly #call: number;
  readonly #socket: WebSocket;
  readonly #streamSid = `MZ${randomBytes(16).toString('hex')}`;
  #frame = 0;

  /** `url`: of the media stream. */
  constructor(url: string, call: number) {
    this.#call = call;
    this.#socket = new WebSocket(url, {perMessageDeflate: false});
    this.#socket.on('message', data => this.#heard(Buffer.from(data as Buffer).toString('utf8')));
    this.#socket.on('error', () => {});
  }

  async opened(): Promise<void> {
    await new Promise((resolve, reject) => {
      this.#socket.once('open', resolve);
      this.#socket.once('error', reject);
    });
    const callSid = `CA${randomBytes(16).toString('hex')}`;
    const mediaFormat = {encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1};
    const start = {
      accountSid: 'AC',
      streamSid: this.#streamSid,
      callSid,
      tracks: ['inbound'],
      mediaFormat,
      customParameters: {},
    };
    this.#socket.send(JSON.stringify({event: 'connected', protocol: 'Call', version: '1.0.0'}));
    this.#socket.send(JSON.stringify({event: 'start', sequenceNumber: '1', start, streamSid: this.#streamSid}));
  }

  /** One frame of 20 ms, numbered. */
  speak(): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.#frame += 1;
    const audio = Buffer.alloc(160, 0xff);
    audio[0] = 0xa5;
    audio.writeUInt16BE(this.#call, 1);
    audio.writeUInt32BE(this.#frame, 3);
    const media = {
      track: 'inbound',
      chunk: String(this.#frame),
      timestamp: String(100 + this.#frame * 20),
      payload: audio.toString('base64'),
    };
    const text = `{"event":"media","sequenceNumber":"${this.#frame + 1}","media":${JSON.stringify(media)},"streamSid":"${this.#streamSid}"}`;
    this.measured.departures.set(this.#frame, performance.now());
    this.#socket.send(text);
  }

  #heard(text: string): void {
    const at = performance.now();
    if (text.startsWith('{"event":"clear"')) this.measured.clears.push(at);
    const mark = text.startsWith('{"event":"mark"')
      ? (JSON.parse(text) as {mark: {name: string}}).mark.name
      : undefined;
    // This phone plays everything at once, so that a barge-in finds unproven audio only
    // when marks are held back until the next frame.
    if (mark !== undefined && mark.startsWith('probe')) this.#return(mark);
    const payload = /"payload":"([^"]{12})/.exec(text)?.[1];
    if (payload === undefined) return;
    const head = Buffer.from(payload, 'base64');
    if (head[0] === 0xa6) this.measured.arrivals.set(head.readUInt32BE(1), at);
  }

  #return(name: string): void {
    const event = {event: 'mark', sequenceNumber: String(this.#frame + 2), streamSid: this.#streamSid, mark: {name}};
    this.#socket.send(JSON.stringify(event));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close(1000);
  }
}
