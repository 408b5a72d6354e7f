import type {IncomingMessage} from 'node:http';
import type {Socket} from 'node:net';
import {background, type Log} from '@voicebridge/shared/observability/log.ts';
import type {Metrics} from '@voicebridge/shared/observability/metrics.ts';
import {every} from '@voicebridge/shared/ticker.ts';
import type {Cancel, Clock, Millis} from '@voicebridge/shared/time.ts';
import {WebSocket} from 'ws';
import {NEVER_PAUSED, type ProcessPauses} from '../../health/process-pauses.ts';
import {ByteBudget} from '../byte-budget.ts';
import {connectionFailure, hintOf, isRefusal} from './connection-failure.ts';
import {PacedBytes} from './paced-bytes.ts';
import {lengthOf, textOf} from './raw-message.ts';
import {fatalCause} from './server-errors.ts';
import {modelAudioOf, type SessionAudio} from './session-audio.ts';
import {OpenAIReader} from './server-events.ts';
import type {
  Explained,
  LostCause,
  ModelAdapter,
  ModelCommand,
  ModelEvent,
  ModelListener,
  ModelSession,
  ModelTraits,
  SessionSettings,
} from '../model-adapter.ts';
import {appendMessage, clientEvent, sessionUpdate} from './client-events.ts';

export interface OpenAIOptions {
  /** A server of the current (GA) Realtime protocol; `?model=` is appended. */
  readonly url: string;
  readonly apiKey: string;
  /** Transcribes the caller; empty: no transcripts, and a call that moves loses what the caller said. */
  readonly transcriptionModel: string;
  /** `pcmu` is the telephone’s own audio; not given: that. */
  readonly audio?: SessionAudio;
  readonly clock: Clock;
  /** When this process did not run; it always runs, if not given. */
  readonly pauses?: Pick<ProcessPauses, 'pausedSince'>;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** The longest time to connect and to be configured, in milliseconds. A caller waits meanwhile. */
const HANDSHAKE_WITHIN: Millis = 5_000;
const CONFIGURED_WITHIN: Millis = 5_000;
/** Servers send `session.created` first. One that has not done so by then is configured all the same. */
const CREATED_WITHIN: Millis = 250;
const PING_EVERY: Millis = 5_000;
const DEAD_AFTER: Millis = 12_000;
const LIMITS = {
  handshakeTimeout: HANDSHAKE_WITHIN,
  perMessageDeflate: false,
  followRedirects: false,
  /** A minute of audio in the largest format. To read an event of 8 MB would take a fifth of a second. */
  maxPayload: 4 * 1_024 * 1_024,
  /** For a server to close a session that we have closed. */
  closeTimeout: 2_000,
};
/** A minute and a half of the caller's audio that the model has not read; of linear audio a quarter of a minute. */
const UNREAD_AT_MOST = 1_000_000;
/** From one piece of a read to the next, so that other calls have their turn. */
const BETWEEN_PIECES: Millis = 1;

const AS_TEXT = {binary: false};

const TRAITS: Omit<ModelTraits, 'audio'> = {
  interruption: 'ours',
  answersTurns: true,
  hostsMcp: true,
};

/** A model behind a server of the OpenAI Realtime protocol. */
export function openAIAdapter(own: OpenAIOptions): ModelAdapter {
  return {traits: {...TRAITS, audio: modelAudioOf(own.audio)}, open: settings => new OpenAISession(own, settings)};
}

class OpenAISession implements ModelSession {
  readonly #options: OpenAIOptions;
  #settings: SessionSettings;
  readonly #socket: WebSocket;
  readonly #cancels: (() => void)[] = [];
  #state: 'opening' | 'configuring' | 'ready' | 'over' = 'opening';
  readonly #reader: OpenAIReader;
  #waiting: ModelEvent[] = [];
  #listener: ModelListener | undefined;
  readonly #budget: ByteBudget;
  /** What came is to be heard first. */
  #isHeld = false;
  /** It came too fast: it is read again when this timer runs. */
  #slowed: Cancel | undefined;
  readonly #bytes: PacedBytes;
  #lastSeenAt: Millis;

  constructor(options: OpenAIOptions, settings: SessionSettings) {
    this.#options = options;
    this.#settings = settings;
    this.#reader = new OpenAIReader(options.audio);
    this.#reader.listensTo(settings.turnDetection);
    const {clock, url, apiKey} = options;
    this.#lastSeenAt = clock.now();
    this.#budget = new ByteBudget(this.#lastSeenAt);
    const address = new URL(url);
    address.searchParams.set('model', settings.model);
    this.#socket = new WebSocket(address, {
      headers: {
        authorization: `Bearer ${apiKey}`,
        ...(settings.safetyId === undefined ? {} : {'openai-safety-identifier': settings.safetyId}),
      },
      ...LIMITS,
    });
    this.#bytes = new PacedBytes({
      socket: this.#socket,
      isPaused: () => this.#isHeld || this.#slowed !== undefined,
      rest: () => this.#slowDown(BETWEEN_PIECES),
      isOver: () => this.#state === 'over',
    });
    this.#listen();
    this.#cancels.push(
      clock.after(HANDSHAKE_WITHIN + CONFIGURED_WITHIN, () => {
        if (this.#state !== 'ready') this.#lose('unreachable', {note: 'the session was not configured in time'});
      }),
      every(clock, PING_EVERY, () => this.#ping()),
    );
  }

  send(command: ModelCommand): void {
    if (this.#isUsable && this.#isRead())
      this.#socket.send(JSON.stringify(clientEvent(command, this.#settings.turnDetection)));
  }

  hear(bytes: Buffer, from: number, to: number): void {
    // The library masks a buffer into another one, which it writes at once, header included. A text would be two.
    if (this.#isUsable && this.#isRead()) this.#socket.send(appendMessage(bytes, from, to), AS_TEXT);
  }

  setPaused(isPaused: boolean): void {
    this.#isHeld = isPaused;
    this.#readOrNot();
  }

  /** A model that sends faster than the calls of this process can bear is not read for a moment. */
  #slowDown(waitMs = this.#budget.waitMs): void {
    if (waitMs === 0 || this.#slowed !== undefined) return;
    this.#slowed = this.#options.clock.after(waitMs, () => {
      this.#slowed = undefined;
      this.#readOrNot();
    });
    this.#readOrNot();
  }

  #readOrNot(): void {
    const isPaused = this.#isHeld || this.#slowed !== undefined;
    if (this.#socket.isPaused !== isPaused) {
      // Nothing came while nobody read: its silence counts from now on.
      this.#lastSeenAt = this.#options.clock.now();
      if (isPaused) this.#socket.pause();
      else this.#socket.resume();
    }
    if (!isPaused) this.#bytes.goOn();
  }

  /** Something came that is no message, which costs as much as one. */
  #control(bytes: Buffer): void {
    this.#lastSeenAt = this.#options.clock.now();
    this.#took(bytes.length);
  }

  /** Counts what came. Returns false, and gives the session up, if it is more than any conversation needs. */
  #took(bytes: number): boolean {
    if (this.#state === 'over') return false;
    if (!this.#budget.took(bytes, this.#lastSeenAt)) {
      this.#lose('closed', {note: 'the model sends more than a conversation needs'});
      return false;
    }
    this.#slowDown();
    return true;
  }

  /** Whether the model reads what it is sent. If not, the session is lost before what waits for it costs memory. */
  #isRead(): boolean {
    if (this.#socket.bufferedAmount <= UNREAD_AT_MOST) return true;
    this.#lose('closed', {note: 'the model reads nothing'});
    return false;
  }

  get #isUsable(): boolean {
    return this.#state === 'ready' && this.#socket.readyState === WebSocket.OPEN;
  }

  onEvent(listener: ModelListener): void {
    this.#listener = listener;
    for (const event of this.#waiting.splice(0)) listener(event);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end();
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.close(1000);
    else this.#socket.terminate();
  }

  #listen(): void {
    const socket = this.#socket;
    let connection: Socket | undefined;
    socket.on('upgrade', (response: IncomingMessage) => (connection = response.socket));
    socket.on('open', () => {
      if (connection) this.#bytes.readFrom(connection);
      this.#cancels.push(this.#options.clock.after(CREATED_WITHIN, () => this.#configure()));
    });
    // Some servers send JSON in binary messages; the clients of OpenAI read it, too.
    socket.on('message', data => {
      this.#lastSeenAt = this.#options.clock.now();
      if (this.#took(lengthOf(data))) this.#message(textOf(data));
    });
    socket.on('ping', bytes => this.#control(bytes));
    socket.on('pong', bytes => this.#control(bytes));
    socket.on('unexpected-response', (_request, response: IncomingMessage) => {
      const status = response.statusCode ?? 0;
      response.destroy();
      const cause = isRefusal(status) ? 'refused' : 'unreachable';
      this.#lose(cause, {note: `the model's server answered ${status} to the upgrade${hintOf(status)}`});
      socket.terminate();
    });
    socket.on('error', error => this.#lose('unreachable', {note: connectionFailure(error)}));
    socket.on('close', (code, reason) => this.#closed(code, reason.toString('utf8')));
  }

  #message(text: string): void {
    if (this.#state === 'over') return;
    const {events, opens, problem} = this.#reader.read(text);
    if (problem) this.#tell({type: 'mended', ...problem});
    if (opens) return this.#configure();
    for (const event of events) {
      if (event.type === 'lost') return this.#lose(event.cause, event);
      if (event.type === 'ready') {
        if (this.#state === 'ready') continue; // it also answers every later update
        this.#state = 'ready';
      }
      this.#tell(event);
    }
  }

  #configure(): void {
    if (this.#state !== 'opening') return;
    this.#state = 'configuring';
    const {later} = this.#settings;
    if (later === undefined) return this.#sendSettings();
    background(
      later.then(settings => {
        this.#settings = settings;
        this.#reader.listensTo(settings.turnDetection);
        if (this.#state === 'configuring') this.#sendSettings();
      }),
      this.#options.log,
      'waiting for the settings of a session',
    );
  }

  #sendSettings(): void {
    const {transcriptionModel, audio} = this.#options;
    this.#socket.send(JSON.stringify(sessionUpdate(this.#settings, transcriptionModel, audio)));
  }

  #ping(): void {
    const {clock, pauses = NEVER_PAUSED} = this.#options;
    if (this.#socket.readyState !== WebSocket.OPEN || this.#socket.isPaused) return;
    // What came while this process did not run has not been read yet.
    if (clock.now() - this.#lastSeenAt - pauses.pausedSince(this.#lastSeenAt) > DEAD_AFTER) {
      this.#socket.terminate();
      return this.#lose('closed', {note: 'no sign of life from the model'});
    }
    this.#socket.ping();
  }

  #closed(code: number, reason: string): void {
    // Other close codes of applications (4000 to 4999) mean no more than any other close.
    const fatal = code === 3000 ? 'refused' : fatalCause(reason);
    const cause = fatal ?? (reason.includes('maximum duration') ? 'expired' : 'closed');
    this.#lose(cause, {note: `close code ${code}`, detail: reason});
  }

  #lose(cause: LostCause, {note, detail = ''}: Partial<Explained>): void {
    if (this.#state === 'over') return;
    this.#end();
    this.#socket.terminate();
    this.#tell({type: 'lost', cause, note, detail});
  }

  #end(): void {
    this.#state = 'over';
    this.#slowed?.();
    for (const cancel of this.#cancels.splice(0)) cancel();
  }

  #tell(event: ModelEvent): void {
    if (this.#listener) this.#listener(event, this.#lastSeenAt);
    else this.#waiting.push(event);
  }
}
