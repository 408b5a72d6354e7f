import type {Cancel, Clock, Millis} from '@voicebridge/shared/time.ts';
import {takeFailure, takeFault} from '../answering/answer-fault.ts';
import {Answering} from '../answering/answering.ts';
import {HostedMcp, type RemoteServers} from '../answering/hosted-mcp.ts';
import {knownWords, type Transcribe} from '../state/caller-words.ts';
import {readClientEvent, type ClientEvent} from '../wire/client-events.ts';
import {Conversation} from '../state/conversation.ts';
import {ItemRequests} from './item-requests.ts';
import {isRecord} from '../json/json-schema.ts';
import type {Knobs} from '../knobs/knobs.ts';
import {Listening} from './listening.ts';
import type {Arrivals} from '../state/arrivals.ts';
import type {ModelItem} from '../state/model-item.ts';
import type {ModelScript} from '../answering/model-script.ts';
import {Outbox, type ServerEvent} from '../answering/outbox.ts';
import {Random} from '../random.ts';
import {refusal, type Refusal} from '../json/refusal.ts';
import {defaultConfig, updateConfig, type SessionConfig} from '../state/session-config.ts';
import {
  SessionLog,
  type LoggedEvent,
  type LoggedFault,
  type LoggedRefusal,
  type LoggedResponse,
  type LoggedSpeech,
} from '../state/session-log.ts';
import type {Wire} from '../wire/wire.ts';

export interface SessionSettings {
  readonly model: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly query: Readonly<Record<string, string>>;
  readonly wire: Wire;
  readonly clock: Clock;
  readonly seed: number;
  readonly knobs: () => Knobs;
  readonly script: () => ModelScript;
  readonly transcribe?: Transcribe | undefined;
  readonly nextTag: () => number;
  readonly mcpServers?: RemoteServers | undefined;
}

/** One session of the fake server: what a client can do to it, and what tests may know about it. */
export class FakeSession {
  readonly id: string;
  readonly model: string;
  readonly headers: SessionSettings['headers'];
  readonly query: SessionSettings['query'];
  /** Monotonic, in ms. */
  readonly openedAt: Millis;
  /** Monotonic, in ms; nothing while it is open. */
  closedAt: Millis | undefined;
  /** How it ended: the close code of the side that closed first, 1006 for a broken connection. */
  closeCode: number | undefined;
  /** Settles with the close code when the session is over. */
  readonly closed: Promise<number>;
  /** Unix seconds; never moved by an update. */
  readonly expiresAt: number;
  readonly #settings: SessionSettings;
  readonly #log = new SessionLog();
  readonly #conversation = new Conversation();
  readonly #outbox: Outbox;
  readonly #answering: Answering;
  readonly #listening: Listening;
  readonly #items: ItemRequests;
  readonly #hosted: HostedMcp;
  readonly #random: Random;
  #config: SessionConfig;
  #stopLife: Cancel = () => {};
  readonly #over = Promise.withResolvers<number>();

  constructor(settings: SessionSettings) {
    const {clock, knobs, wire, model, nextTag, script} = settings;
    this.#settings = settings;
    this.#random = new Random(settings.seed);
    this.#config = defaultConfig(model);
    this.id = this.#random.id('sess_');
    this.model = model;
    this.closed = this.#over.promise;
    this.headers = settings.headers;
    this.query = settings.query;
    this.openedAt = clock.now();
    this.expiresAt = Math.floor(clock.wall() / 1000) + knobs().sessionSeconds;
    const [log, random, conversation] = [this.#log, this.#random, this.#conversation];
    this.#outbox = new Outbox({wire, log, clock, random, knobs});
    const {mcpServers: servers = {}} = settings;
    const tools = () => this.#config.tools;
    this.#hosted = new HostedMcp({clock, random, conversation, outbox: this.#outbox, servers, tools});
    const stage = {clock, random, knobs, conversation, outbox: this.#outbox, hosted: this.#hosted};
    this.#answering = new Answering({
      ...stage,
      log,
      session: this,
      conversationId: random.id('conv_'),
      script,
      nextTag,
      takeFailure: () => takeFailure(knobs()),
      takeFault: () => takeFault(knobs(), random),
      callerTranscript: () => this.#callerWords(),
      answered: (audioMs, record) => this.#answered(audioMs, record),
    });
    this.#listening = new Listening({
      ...stage,
      log,
      config: () => this.#config,
      answering: this.#answering,
      transcribe: settings.transcribe ?? knownWords,
      keepHeard: knobs().keepHeard,
    });
    this.#items = new ItemRequests({
      ...stage,
      answering: this.#answering,
      refuseLate: (event, refused) => this.#outbox.refuse(refused, event['event_id'], JSON.stringify(event)),
    });
  }

  /** Sends the first frame and starts the session's life. */
  begin(): void {
    const {clock, knobs} = this.#settings;
    this.#outbox.emit({type: 'session.created', session: this.#face()});
    const {sessionSeconds, closeAfter} = knobs();
    const stopLife = clock.after(sessionSeconds * 1000, () => this.#expire());
    const stopClose = closeAfter
      ? clock.after(this.#random.between(closeAfter.ms), () => this.close(closeAfter.code, closeAfter.reason))
      : () => {};
    this.#stopLife = () => {
      stopLife();
      stopClose();
    };
  }

  /** A frame from the client. */
  receive(text: string): void {
    if (this.closedAt !== undefined) return;
    const read = readClientEvent(text);
    if (!read.ok) {
      this.#note(read.type);
      return this.#outbox.refuse(read.refusal, read.eventId, text);
    }
    if (read.event.type !== 'input_audio_buffer.append') this.#note(read.event.type);
    const refused = this.#perform(read.event);
    if (refused) this.#outbox.refuse(refused, read.event['event_id'], text);
  }

  /** The connection has closed, from either side. */
  ended(code: number): void {
    if (this.closedAt !== undefined) return;
    this.closedAt = this.#settings.clock.now();
    this.closeCode = code;
    this.#over.resolve(code);
    this.#stopLife();
    this.#answering.abandon();
    this.#hosted.abandon();
    this.#listening.abandon();
  }

  /** Everything the client appended, in order. */
  heardAudio(): Buffer {
    return this.#listening.audio.heard();
  }

  get heardBytes(): number {
    return this.#listening.audio.heardBytes;
  }

  heardSha256(): string {
    return this.#listening.audio.sha256();
  }

  /** When the caller's audio came. */
  get arrivals(): Arrivals {
    return this.#listening.arrivals;
  }

  /** The model's memory. */
  get items(): readonly ModelItem[] {
    return this.#conversation.items;
  }

  get config(): SessionConfig {
    return this.#config;
  }

  get events(): readonly LoggedEvent[] {
    return this.#log.events;
  }

  /** Every error event that was sent; a well-behaved client leaves it empty. */
  get refusals(): readonly LoggedRefusal[] {
    return this.#log.refusals;
  }

  get responses(): readonly LoggedResponse[] {
    return this.#log.responses;
  }

  /** The faults that the knobs caused. */
  get faults(): readonly LoggedFault[] {
    return this.#log.faults;
  }

  get speech(): readonly LoggedSpeech[] {
    return this.#log.speech;
  }

  /** Hears every later event in either direction; returns how to stop. */
  onEvent(listener: (event: LoggedEvent) => void): () => void {
    return this.#log.onEvent(listener);
  }

  /** Sends an event of the test's own making. */
  send(event: ServerEvent): void {
    this.#outbox.emit(event);
  }

  /** 1005 is a close frame without a code, 1006 none at all: such codes cannot be sent. */
  close(code = 1000, reason = ''): void {
    if (code === 1006) return this.reset();
    this.#settings.wire.close(code, reason);
    this.ended(code);
  }

  /** Breaks the TCP connection. */
  reset(): void {
    this.#settings.wire.reset();
    this.ended(1006);
  }

  /** Half-open: the connection stays, nothing moves in either direction, pings are not answered. */
  freeze(): void {
    this.#settings.wire.freeze();
  }

  thaw(): void {
    this.#settings.wire.thaw();
  }

  /** What to answer a client event with: nothing, a refusal, or what will happen later. */
  #perform(event: ClientEvent): Refusal | undefined {
    switch (event.type) {
      case 'session.update':
        return this.#update(event['session']);
      case 'input_audio_buffer.append':
        return this.#listening.append(event['audio']);
      case 'input_audio_buffer.commit':
        return this.#listening.commit();
      case 'input_audio_buffer.clear':
        this.#listening.clear();
        return undefined;
      case 'conversation.item.create':
        return this.#items.create(event);
      case 'conversation.item.truncate':
        return this.#items.truncate(event);
      case 'conversation.item.delete':
        return this.#items.delete(event);
      case 'conversation.item.retrieve':
        return this.#items.retrieve(event);
      case 'response.create':
        return this.#answering.create('asked', isRecord(event['response']) ? event['response'] : {});
      case 'response.cancel':
        return this.#answering.cancel(event['response_id']);
      default:
        return event.type satisfies never;
    }
  }

  #note(type: string): void {
    this.#log.note({at: this.#settings.clock.now(), direction: 'in', type});
  }

  #update(session: unknown): Refusal | undefined {
    const updated = updateConfig(this.#config, isRecord(session) ? session : {}, {
      hasSpoken: this.#conversation.hasSpoken,
      isSpeaking: this.#answering.running !== undefined,
    });
    if (!updated.ok) return updated.refusal;
    this.#config = updated.config;
    this.#listening.configChanged();
    this.#outbox.emit({type: 'session.updated', session: this.#face()});
    this.#hosted.configured();
    return undefined;
  }

  #answered(audioMs: Millis, record: LoggedResponse): void {
    this.#listening.answered(audioMs, record);
    // A used-up quota ends the session; connecting again brings the same, for ever.
    if (record.reason === 'insufficient_quota') this.close(1000, 'insufficient_quota');
  }

  #callerWords(): string | undefined {
    return this.#conversation.items.findLast(({role}) => role === 'user')?.text ?? this.#listening.words;
  }

  #expire(): void {
    const message = 'Your session hit the maximum duration of 60 minutes.';
    if (!this.#settings.knobs().closeWithoutError) this.#outbox.refuse(refusal('session_expired', message));
    this.close(1001, message);
  }

  #face(): Record<string, unknown> {
    const {type, ...config} = this.#config;
    return {type, object: 'realtime.session', id: this.id, ...config, expires_at: this.expiresAt};
  }
}
