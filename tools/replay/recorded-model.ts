import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import type {
  ModelAdapter,
  ModelEvent,
  ModelListener,
  ModelSession,
  ModelTraits,
} from '../../services/realtime-worker/src/model/model-adapter.ts';
import type {TimedSection} from './recorded-call.ts';

/** An event of a recorded session. */
interface RecordedEvent {
  readonly at: Millis;
  readonly event: ModelEvent;
  /** So many commands had been sent before: without them it does not come. */
  readonly after: number;
}

/**
 * A model whose sessions say again what they said in a recording: at the same moments, and not before they have been sent
 * the commands that came before. Sessions that were not opened then say nothing.
 */
export class RecordedModel implements ModelAdapter {
  readonly traits: ModelTraits;
  readonly #clock: Clock;
  readonly #sessions: readonly (readonly RecordedEvent[])[];
  #opened = 0;

  constructor(section: TimedSection, traits: ModelTraits, clock: Clock) {
    this.traits = traits;
    this.#clock = clock;
    this.#sessions = sessionsIn(section);
  }

  open(): ModelSession {
    const events = this.#sessions[this.#opened] ?? [];
    this.#opened += 1;
    return new RecordedSession(events, this.#clock);
  }
}

class RecordedSession implements ModelSession {
  readonly #events: readonly RecordedEvent[];
  readonly #clock: Clock;
  #listener: ModelListener | undefined;
  #next = 0;
  #sent = 0;
  #isWaiting = false;
  #isOver = false;

  constructor(events: readonly RecordedEvent[], clock: Clock) {
    this.#events = events;
    this.#clock = clock;
  }

  send(): void {
    this.#sent += 1;
    this.#wait();
  }

  hear(): void {}

  setPaused(): void {}

  onEvent(listener: ModelListener): void {
    this.#listener = listener;
    this.#wait();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
  }

  #wait(): void {
    const next = this.#events[this.#next];
    if (!next || this.#isWaiting || this.#isOver || !this.#listener || next.after > this.#sent) return;
    this.#isWaiting = true;
    this.#clock.after(Math.max(0, next.at - this.#clock.now()), () => {
      this.#isWaiting = false;
      this.#next += 1;
      if (!this.#isOver) this.#listener?.(next.event);
      this.#wait();
    });
  }
}

function sessionsIn({lines}: TimedSection): RecordedEvent[][] {
  const sessions: RecordedEvent[][] = [];
  const sent: number[] = [];
  for (const {at, socket, message} of lines) {
    if (socket !== 'model') continue;
    const number = Number(message['session']);
    const events = (sessions[number] ??= []);
    if (message['command'] !== undefined) sent[number] = (sent[number] ?? 0) + 1;
    const event = message['event'] as ModelEvent | undefined;
    if (event) events.push({at, event, after: sent[number] ?? 0});
  }
  return sessions;
}
