import {randomBytes} from 'node:crypto';
import type {Log} from '@voicebridge/shared/observability/log.ts';
import {sleep} from '@voicebridge/shared/retry.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import {WebSocket, type RawData} from 'ws';
import {readFromPage, type ToPage} from './from-page.ts';
import type {Verb} from './read-twiml.ts';
import {askWebhook, signatureOf, type WebhookAddress} from './webhook-client.ts';

export interface PhoneCallDeps {
  readonly webhook: WebhookAddress;
  readonly clock: Clock;
  readonly log: Log;
}

/** The number that is called, and who the phone says it is. */
export interface Dialled {
  readonly to: string;
  readonly from: string;
}

/** 20 ms of μ-law. */
const FRAME_BYTES = 160;
const FRAME_MS = 20;
/** A page that does not say when it has spoken a sentence. */
const SAYS_WITHIN: Millis = 20_000;
/** A document that leads to the next one for ever. */
const DOCUMENTS_AT_MOST = 200;
/** A page that reads nothing is dropped. */
const UNREAD_AT_MOST = 1_000_000;

/**
 * One call of a phone in a browser. This is the telephone network for it: it asks the webhook what to do, as Twilio would,
 * opens the stream to the edge that the answer names, and hands on what both sides say. A stream that breaks is asked for
 * again at the address of its `action`, so such a call survives a killed edge as any other does.
 */
export class PhoneCall {
  readonly callSid = `CA${randomBytes(16).toString('hex')}`;
  readonly #deps: PhoneCallDeps;
  readonly #page: WebSocket;
  readonly #form: Readonly<Record<string, string>>;
  readonly #over = new AbortController();
  #edge: WebSocket | undefined;
  #streamSid = '';
  #sequence = 0;
  #frames = 0;
  #said: (() => void) | undefined;

  constructor(page: WebSocket, dialled: Dialled, deps: PhoneCallDeps) {
    this.#deps = deps;
    this.#page = page;
    this.#form = {
      CallSid: this.callSid,
      AccountSid: `AC${'0'.repeat(32)}`,
      From: dialled.from,
      To: dialled.to,
      Direction: 'inbound',
      ApiVersion: '2010-04-01',
    };
    page.on('message', (data, isBinary) => this.#fromPage(data, isBinary));
    page.on('close', () => this.#over.abort());
    page.on('error', () => page.terminate());
  }

  /** Resolves when the call is over. */
  async run(): Promise<void> {
    const {webhook, log} = this.#deps;
    try {
      let verbs = await this.#ask(`${webhook.origin}/incoming-call`, 'ringing');
      for (let documents = 1; !this.#over.signal.aborted && documents < DOCUMENTS_AT_MOST; documents += 1) {
        const next = await this.#perform(verbs);
        if (next === undefined || this.#over.signal.aborted) break;
        verbs = await this.#ask(next, 'in-progress');
      }
      this.#tell({event: 'ended', why: 'the call is over'});
    } catch (thrown) {
      const why = thrown instanceof Error ? thrown.message : String(thrown);
      log.warn({callSid: this.callSid, why}, 'a call of the phone in the browser ended');
      this.#tell({event: 'ended', why});
    }
    this.#over.abort();
    this.#edge?.close();
    this.#page.close(1_000);
    await this.#ask(`${webhook.origin}/call-status`, 'completed').catch(() => {});
  }

  /** Does what a document says. Returns the address of the next one; undefined at the end. */
  async #perform(verbs: readonly Verb[]): Promise<string | undefined> {
    for (const verb of verbs) {
      if (this.#over.signal.aborted) return undefined;
      switch (verb.verb) {
        case 'say':
          await this.#say(verb.text);
          break;
        case 'pause':
          await sleep(this.#deps.clock, verb.seconds * 1_000, this.#over.signal);
          break;
        case 'connect':
          await this.#stream(verb.url);
          if (verb.action !== undefined) return verb.action;
          break;
        case 'redirect':
          return verb.url;
        case 'hangUp':
          return undefined;
        default:
          await this.#say(`A phone in the browser cannot do what comes now: ${verb.name}.`);
          return undefined;
      }
    }
    return undefined;
  }

  async #say(text: string): Promise<void> {
    const spoken = Promise.withResolvers<void>();
    this.#said = spoken.resolve;
    this.#tell({event: 'say', text});
    await Promise.race([spoken.promise, sleep(this.#deps.clock, SAYS_WITHIN, this.#over.signal)]);
  }

  /** Resolves when the stream is over, for whatever reason. */
  async #stream(url: string): Promise<void> {
    const {token} = this.#deps.webhook;
    const headers = token === undefined ? {} : {'x-twilio-signature': signatureOf(token, url)};
    const edge = new WebSocket(url, {headers, perMessageDeflate: false, handshakeTimeout: 10_000});
    const closed = Promise.withResolvers<void>();
    edge.on('error', () => edge.terminate());
    edge.on('close', closed.resolve);
    edge.on('open', () => this.#begin(edge));
    edge.on('message', data => this.#fromEdge(data));
    const end = () => {
      this.#toEdge('stop', {stop: {accountSid: this.#form['AccountSid'], callSid: this.callSid}});
      edge.close();
    };
    this.#over.signal.addEventListener('abort', end);
    await closed.promise;
    this.#over.signal.removeEventListener('abort', end);
    this.#edge = undefined;
    if (!this.#over.signal.aborted) this.#tell({event: 'reconnecting'});
  }

  #begin(edge: WebSocket): void {
    this.#edge = edge;
    this.#streamSid = `MZ${randomBytes(16).toString('hex')}`;
    [this.#sequence, this.#frames] = [0, 0];
    edge.send(JSON.stringify({event: 'connected', protocol: 'Call', version: '1.0.0'}));
    const {CallSid: callSid, AccountSid: accountSid} = this.#form;
    const mediaFormat = {encoding: 'audio/x-mulaw', sampleRate: 8_000, channels: 1};
    const start = {
      streamSid: this.#streamSid,
      accountSid,
      callSid,
      tracks: ['inbound'],
      mediaFormat,
      customParameters: {},
    };
    this.#toEdge('start', {start});
    this.#tell({event: 'connected', callSid: this.callSid});
  }

  #toEdge(event: string, more: object): void {
    this.#sequence += 1;
    const message = {event, sequenceNumber: String(this.#sequence), ...more, streamSid: this.#streamSid};
    if (this.#edge?.readyState === WebSocket.OPEN) this.#edge.send(JSON.stringify(message));
  }

  #fromPage(data: RawData, isBinary: boolean): void {
    const bytes = bytesOf(data);
    if (isBinary) {
      if (bytes.length !== FRAME_BYTES || !this.#edge) return;
      this.#frames += 1;
      const timestamp = String((this.#frames - 1) * FRAME_MS);
      const media = {track: 'inbound', chunk: String(this.#frames), timestamp, payload: bytes.toString('base64')};
      return this.#toEdge('media', {media});
    }
    const said = readFromPage(bytes.toString());
    switch (said?.event) {
      case 'mark':
        return this.#toEdge('mark', {mark: {name: said.name}});
      case 'dtmf':
        return this.#toEdge('dtmf', {dtmf: {track: 'inbound_track', digit: said.digit}});
      case 'said':
        return this.#said?.();
      case 'hangUp':
        return this.#over.abort();
      default:
        return this.#page.close(1_008, 'this message cannot be read');
    }
  }

  #fromEdge(data: RawData): void {
    if (this.#page.bufferedAmount > UNREAD_AT_MOST) return this.#page.terminate();
    if (this.#page.readyState === WebSocket.OPEN) this.#page.send(bytesOf(data).toString());
  }

  #tell(message: ToPage): void {
    if (this.#page.readyState === WebSocket.OPEN) this.#page.send(JSON.stringify(message));
  }

  async #ask(url: string, status: string): Promise<readonly Verb[]> {
    const stream = this.#streamSid === '' ? {} : {StreamSid: this.#streamSid};
    return await askWebhook(url, {...this.#form, ...stream, CallStatus: status}, this.#deps.webhook);
  }
}

function bytesOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
