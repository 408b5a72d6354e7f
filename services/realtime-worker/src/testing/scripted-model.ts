import type {
  LostCause,
  ModelAdapter,
  ModelCommand,
  ModelEvent,
  ModelSession,
  ModelTraits,
  SessionSettings,
} from '../model/model-adapter.ts';

/** Caller audio that a session was given, base64. */
type Heard = {readonly do: 'hear'; readonly payload: string};

/** One session of a scripted model: the test emits its events and reads the commands it was sent. */
export class ScriptedSession implements ModelSession {
  readonly settings: SessionSettings;
  readonly commands: (ModelCommand | Heard)[] = [];
  closed = false;
  paused = false;
  #listener: ((event: ModelEvent) => void) | undefined;
  #waiting: ModelEvent[] = [];

  constructor(settings: SessionSettings) {
    this.settings = settings;
  }

  send(command: ModelCommand): void {
    this.commands.push(command);
  }

  hear(bytes: Buffer, from: number, to: number): void {
    this.commands.push({do: 'hear', payload: bytes.toString('latin1', from, to)});
  }

  setPaused(isPaused: boolean): void {
    this.paused = isPaused;
  }

  onEvent(listener: (event: ModelEvent) => void): void {
    this.#listener = listener;
    for (const event of this.#waiting.splice(0)) listener(event);
  }

  /** The model sends these events. They wait until there is a listener. */
  emit(...events: readonly ModelEvent[]): void {
    for (const event of events) {
      if (this.#listener) this.#listener(event);
      else this.#waiting.push(event);
    }
  }

  /** Commands of one kind. */
  commandsOf<Do extends (ModelCommand | Heard)['do']>(kind: Do): Extract<ModelCommand | Heard, {do: Do}>[] {
    return this.commands.filter((command): command is Extract<ModelCommand | Heard, {do: Do}> => command.do === kind);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closed = true;
  }
}

/** A model adapter whose sessions send only what a test emits; μ-law at 8 kHz unless `traits` say otherwise. */
export class ScriptedModel implements ModelAdapter {
  readonly traits: ModelTraits;
  readonly sessions: ScriptedSession[] = [];
  /** Sessions send `ready` by themselves as soon as they have a listener. */
  readyAtOnce = true;
  /** Sessions that are opened are lost at once, for this cause. */
  refuses: LostCause | undefined;

  constructor(traits: Partial<ModelTraits> = {}) {
    const audio = {encoding: 'mulaw', rateHz: 8_000} as const;
    this.traits = {interruption: 'ours', answersTurns: true, hostsMcp: false, audio, ...traits};
  }

  open(settings: SessionSettings): ScriptedSession {
    const session = new ScriptedSession(settings);
    this.sessions.push(session);
    if (this.refuses) session.emit({type: 'lost', cause: this.refuses, detail: 'as the test wants it'});
    else if (this.readyAtOnce) session.emit({type: 'ready'});
    return session;
  }
}
