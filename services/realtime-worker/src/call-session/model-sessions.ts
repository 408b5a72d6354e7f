import {background, type Log} from '@voicebridge/shared/observability/log.ts';
import type {Metrics} from '@voicebridge/shared/observability/metrics.ts';
import type {Cancel, Clock, Millis} from '@voicebridge/shared/time.ts';
import type {CallEvent} from '../events/call-event.ts';
import type {ModelAdapter, ModelCommand, ModelEvent, ModelSession, SessionSettings} from '../model/model-adapter.ts';

export interface ModelSessionsDeps {
  readonly adapter: ModelAdapter;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
  /** The settings for the next session. */
  readonly settings: () => SessionSettings;
  /** Does it now, or, if this process has not run for a while, when it is known that the call is still ours. */
  readonly whenOwned: (happens: () => void) => void;
  /** An event of the current session, or of the spare one. `arrivedAt`: when it came in from the network. */
  readonly onEvent: (event: CallEvent, arrivedAt?: Millis) => void;
  /** A session is configured. `ms`: time since the call was taken. */
  readonly onReady: (ms: Millis) => void;
}

/** The model sessions of one call: the current one, and a spare one that will replace it. */
export class ModelSessions {
  readonly #deps: ModelSessionsDeps;
  readonly #openedAt: Millis;
  #session: ModelSession | undefined;
  #spare: ModelSession | undefined;
  #reopening: Cancel | undefined;
  #started = false;
  #waitingSince: Millis | undefined;
  #over = false;

  /** `session`: a session that is already being opened. */
  constructor(session: ModelSession | undefined, deps: ModelSessionsDeps) {
    this.#deps = deps;
    this.#openedAt = deps.clock.now();
    this.#session = session;
    this.#waitingSince = this.#openedAt;
  }

  /** Since when there has been no session that is configured; undefined: there is one. */
  get waitingSince(): Millis | undefined {
    return this.#waitingSince;
  }

  /** Opens a session if there is none. Its events wait for `start`. */
  open(): void {
    if (!this.#over) this.#session ??= this.#deps.adapter.open(this.#deps.settings());
  }

  /** Starts passing on events of the current session, including those it has already sent. Opens one if there is none. */
  start(): void {
    if (this.#started) return;
    this.open();
    if (this.#session) this.#listenTo(this.#session);
  }

  send(command: ModelCommand): void {
    this.#session?.send(command);
  }

  /** Caller audio, as `ModelSession.hear` takes it. */
  hear(bytes: Buffer, from: number, to: number): void {
    this.#session?.hear(bytes, from, to);
  }

  /** Whether nothing is to be read from the current session for now. */
  setPaused(isPaused: boolean): void {
    this.#session?.setPaused(isPaused);
  }

  /** Replaces the current session by a new one, `after` milliseconds from now. */
  reopen(after: Millis): void {
    this.#reopening?.();
    const open = () => {
      if (this.#over) return;
      this.#waitingSince ??= this.#deps.clock.now();
      this.#deps.metrics.modelReconnectsTotal.inc({cause: 'lost'});
      this.#closeSession(this.#session);
      this.#session = this.#deps.adapter.open(this.#deps.settings());
      this.#listenTo(this.#session);
    };
    if (after === 0) open();
    else this.#reopening = this.#deps.clock.after(after, () => this.#deps.whenOwned(open));
  }

  /** Opens a spare session beside the current one. */
  openSpare(): void {
    const spare = this.#deps.adapter.open(this.#deps.settings());
    this.#spare = spare;
    spare.onEvent((event, arrivedAt) => {
      if (this.#session === spare) return this.#pass(event, arrivedAt);
      if (this.#spare !== spare) return;
      if (event.type === 'ready') this.#deps.onEvent({type: 'spareReady'});
      if (event.type === 'lost') this.#deps.onEvent({type: 'spareLost'});
    });
  }

  /** The spare session becomes the current one; the one before is closed. */
  useSpare(): void {
    if (!this.#spare) return;
    // A session that was to replace the lost one is not needed any more.
    this.#reopening?.();
    this.#deps.metrics.modelReconnectsTotal.inc({cause: 'rotated'});
    this.#closeSession(this.#session);
    this.#session = this.#spare;
    this.#spare = undefined;
    this.#waitingSince = undefined;
  }

  dropSpare(): void {
    this.#closeSession(this.#spare);
    this.#spare = undefined;
  }

  close(): void {
    this.#over = true;
    this.#reopening?.();
    this.#closeSession(this.#session);
    this.#closeSession(this.#spare);
  }

  #listenTo(session: ModelSession): void {
    this.#started = true;
    let wasReady = false; // `ready` also comes after each later change of the settings
    session.onEvent((event, arrivedAt) => {
      if (this.#session !== session) return;
      if (event.type === 'ready' && !wasReady) {
        wasReady = true;
        this.#deps.onReady(this.#deps.clock.now() - this.#openedAt);
      }
      this.#pass(event, arrivedAt);
    });
  }

  #pass(event: ModelEvent, arrivedAt: Millis | undefined): void {
    if (event.type === 'ready') this.#waitingSince = undefined;
    if (event.type === 'lost') this.#waitingSince ??= this.#deps.clock.now();
    this.#deps.onEvent({type: 'model', event}, arrivedAt);
  }

  #closeSession(session: ModelSession | undefined): void {
    if (session) background(session[Symbol.asyncDispose](), this.#deps.log, 'closing a model session');
  }
}
