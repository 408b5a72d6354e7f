import type {Millis} from '@voicebridge/shared/time.ts';
import type {AnswerFault} from '../knobs/answer-faults.ts';
import type {Refusal} from '../json/refusal.ts';

/** One event in one direction: `in` came from the client. `at` is monotonic, in ms, as are all moments here. */
export interface LoggedEvent {
  readonly at: Millis;
  readonly direction: 'in' | 'out';
  readonly type: string;
  /** The knobs damaged it on its way out. */
  readonly mangled?: true;
}

/** An error event that was sent, and the client event that earned it (without its audio). */
export interface LoggedRefusal {
  readonly at: Millis;
  readonly code: string | null;
  readonly message: string;
  readonly param: string | null;
  readonly clientEvent: string | undefined;
}

export interface LoggedResponse {
  readonly id: string;
  status: 'in_progress' | 'completed' | 'cancelled' | 'incomplete' | 'failed';
  /** `turn_detected`, `client_cancelled`, `max_output_tokens`, `content_filter` or an error code. */
  reason: string | undefined;
  /** Ids of its items, in order. */
  readonly items: string[];
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly startedAt: Millis;
  firstAudioAt: Millis | undefined;
  doneAt: Millis | undefined;
}

/** An answer that went wrong as the knobs wanted it. */
export interface LoggedFault {
  readonly at: Millis;
  readonly fault: AnswerFault;
}

/** One turn of the caller, as the voice activity events told it. */
export interface LoggedSpeech {
  readonly itemId: string;
  readonly startedAt: Millis;
  stoppedAt: Millis | undefined;
  /** In ms of appended audio. */
  readonly audioStartMs: Millis;
  audioEndMs: Millis | undefined;
}

const MOST_EVENTS = 20_000;
const MOST_TEXT = 400;

/** What happened in a session, for tests and people to read. Appends are not listed: there are 50 a second. */
export class SessionLog {
  readonly events: LoggedEvent[] = [];
  readonly refusals: LoggedRefusal[] = [];
  readonly responses: LoggedResponse[] = [];
  readonly speech: LoggedSpeech[] = [];
  readonly faults: LoggedFault[] = [];
  readonly #listeners = new Set<(event: LoggedEvent) => void>();

  note(event: LoggedEvent): void {
    this.events.push(event);
    if (this.events.length > MOST_EVENTS) this.events.splice(0, MOST_EVENTS / 2);
    for (const listener of this.#listeners) listener(event);
  }

  refused({code, message, param}: Refusal, at: Millis, clientEvent: string | undefined): void {
    this.refusals.push({at, code, message, param, clientEvent: clientEvent?.slice(0, MOST_TEXT)});
  }

  /** Hears every later event; returns how to stop. */
  onEvent(listener: (event: LoggedEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
