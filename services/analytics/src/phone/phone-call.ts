import {randomBytes} from 'node:crypto';
import {messageOf} from '@voicebridge/shared/errors.ts';
import type {Log} from '@voicebridge/shared/observability/log.ts';
import {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {BROWSER_ACCOUNT} from '@voicebridge/shared/protocol/via.ts';
import {sleep} from '@voicebridge/shared/retry.ts';
import {every} from '@voicebridge/shared/ticker.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import {WebSocket, type RawData} from 'ws';
import type {Viewer} from '../auth/viewer.ts';
import {type CallSoFar, readFromPage, type ToPage} from './from-page.ts';
import type {Verb} from './read-twiml.ts';
import {askWebhook, signatureOf, type WebhookAddress} from './webhook-client.ts';

export interface PhoneCallDeps {
  readonly webhook: WebhookAddress;
  /** What this viewer may see of a call in progress; undefined: nothing is known of it at the moment. */
  readonly follow: (callSid: CallSid, viewer: Viewer) => Promise<CallSoFar | undefined>;
  /** Ends a process at once; undefined: nobody may. */
  readonly kill: KillProcess | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** Ends the worker or the edge with this id, as if its machine had lost its power. */
export type KillProcess = (what: 'worker' | 'edge', id: string) => void;

/** The number that is called, who the phone says it is, and who sits in front of it. */
export interface Dialled {
  readonly to: string;
  readonly from: string;
  readonly viewer: Viewer;
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
/** The microphone sends fifty frames a second, also while it is muted. Without any the page sleeps or is cut off. */
const SPEAKS_WITHIN: Millis = 15_000;
const LOOK_EVERY: Millis = 1_000;

/**
 * One call of a phone in a browser. This is the telephone network for it: it asks the webhook what to do, as Twilio would,
 * opens the stream to the edge that the answer names, and hands on what both sides say. A stream that breaks is asked for
 * again at the address of its `action`, so such a call survives a killed edge as any other does.
 */
export class PhoneCall {
  readonly callSid = CallSid.parse(`CA${randomBytes(16).toString('hex')}`);
  readonly #deps: PhoneCallDeps;
  readonly #page: WebSocket;
  readonly #viewer: Viewer;
  readonly #form: Readonly<Record<string, string>>;
  readonly #over = new AbortController();
  #edge: WebSocket | undefined;
  #streamSid = '';
  #sequence = 0;
  #frames = 0;
  #said: (() => void) | undefined;
  #heardAt: Millis;
  #soFar: CallSoFar | undefined;
  #toldSoFar = '';
  #isLooking = false;
  #why = 'the call is over';

  constructor(page: WebSocket, dialled: Dialled, deps: PhoneCallDeps) {
    this.#deps = deps;
    this.#page = page;
    this.#viewer = dialled.viewer;
    this.#heardAt = deps.clock.now();
    this.#form = {
      CallSid: this.callSid,
      AccountSid: BROWSER_ACCOUNT,
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
    const {webhook, clock, log} = this.#deps;
    const stopLooking = every(clock, LOOK_EVERY, () => void this.#look());
    try {
      let verbs = await this.#ask(`${webhook.origin}/incoming-call`, 'ringing');
      for (let documents = 1; !this.#over.signal.aborted && documents < DOCUMENTS_AT_MOST; documents += 1) {
        const next = await this.#perform(verbs);
        if (next === undefined || this.#over.signal.aborted) break;
        verbs = await this.#ask(next, 'in-progress');
      }
      this.#tell({event: 'ended', why: this.#why});
    } catch (thrown) {
      const why = thrown instanceof Error ? thrown.message : String(thrown);
      log.warn({callSid: this.callSid, why}, 'a call of the phone in the browser ended');
      this.#tell({event: 'ended', why});
    }
    stopLooking();
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
    this.#tell({event: 'connected', callSid: this.callSid, mayKill: this.#deps.kill !== undefined});
  }

  /** Once a second: what the worker knows of the call, and whether the page is still there. */
  async #look(): Promise<void> {
    const {clock, follow} = this.#deps;
    if (this.#over.signal.aborted) return;
    if (clock.now() - this.#heardAt > SPEAKS_WITHIN) {
      this.#why = 'the browser sent no sound for 15 s: it slept, or paused this page; call again';
      this.#tell({event: 'ended', why: this.#why});
      return this.#over.abort();
    }
    if (this.#isLooking || !this.#edge) return;
    this.#isLooking = true;
    // A worker that was just killed tells nothing; the call itself is in no danger.
    this.#soFar = await follow(this.callSid, this.#viewer).catch(() => undefined);
    this.#isLooking = false;
    const told = JSON.stringify(this.#soFar);
    if (!this.#soFar || told === this.#toldSoFar) return;
    this.#toldSoFar = told;
    this.#tell({event: 'soFar', ...this.#soFar});
  }

  /** Ends the process that carries this call, which goes on elsewhere. */
  async #kill(what: 'worker' | 'edge'): Promise<void> {
    const {kill, follow, log} = this.#deps;
    if (!kill) return this.#page.close(1_008, 'this message cannot be read');
    try {
      const now = await follow(this.callSid, this.#viewer);
      const id = now?.[what] ?? undefined;
      if (id === undefined) return this.#tell({event: 'refused', why: `no ${what} has the call at the moment`});
      log.info({callSid: this.callSid, [what]: id}, 'the page of the phone kills a process');
      this.#tell({event: 'killing', what, id});
      return kill(what, id);
    } catch (thrown) {
      return this.#tell({event: 'refused', why: messageOf(thrown)});
    }
  }

  #toEdge(event: string, more: object): void {
    this.#sequence += 1;
    const message = {event, sequenceNumber: String(this.#sequence), ...more, streamSid: this.#streamSid};
    if (this.#edge?.readyState === WebSocket.OPEN) this.#edge.send(JSON.stringify(message));
  }

  #fromPage(data: RawData, isBinary: boolean): void {
    const bytes = bytesOf(data);
    if (isBinary) {
      this.#heardAt = this.#deps.clock.now();
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
      case 'kill':
        return void this.#kill(said.what);
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
