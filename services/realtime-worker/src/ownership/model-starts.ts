import {background, type Log} from '@voicebridge/shared/observability/log.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';

/** No caller waits longer than this for others to be heard. */
const HEARD_WITHIN: Millis = 200;
/** Between two starts: frames of the other calls come in meanwhile. */
const PAUSE: Millis = 1;

/** A call that was taken over and has no model session yet. */
export interface Startable {
  /** Resolves when the caller is heard here. */
  readonly heard: Promise<void>;
  startModel(): Promise<void>;
}

/**
 * Starts the model sessions of the calls of a dead worker, dozens of which come at the same moment. A session costs more
 * processor time than to listen to a caller, and takes longer to be ready: so first all callers are heard, and then one
 * session is opened after the other.
 */
export class ModelStarts {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #unheard = new Set<Startable>();
  readonly #ready: {readonly call: Startable; readonly dueAt: Millis}[] = [];
  #taking = 0;
  #isPausing = false;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** A call is being taken. To be called again with the result: the call if it was taken, undefined if not. */
  taking(): (call: Startable | undefined) => void {
    this.#taking += 1;
    return call => {
      this.#taking -= 1;
      if (call) this.#listen(call);
      this.#startNext();
    };
  }

  #listen(call: Startable): void {
    const dueAt = this.#clock.now() + HEARD_WITHIN;
    this.#unheard.add(call);
    const heard = () => {
      if (this.#unheard.delete(call)) this.#ready.push({call, dueAt});
      this.#startNext();
    };
    background(call.heard.then(heard), this.#log, 'waiting for a caller');
    this.#clock.after(HEARD_WITHIN, heard);
  }

  #startNext(): void {
    const [next] = this.#ready;
    if (!next || this.#isPausing) return;
    const othersFirst = this.#taking > 0 || this.#unheard.size > 0;
    if (othersFirst && this.#clock.now() < next.dueAt) return;
    this.#ready.shift();
    background(next.call.startModel(), this.#log, 'starting a model session');
    this.#isPausing = true;
    this.#clock.after(PAUSE, () => {
      this.#isPausing = false;
      this.#startNext();
    });
  }
}
