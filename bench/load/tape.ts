import type {Millis} from '@voicebridge/shared/time.ts';

/** What a call's frames did. A number of the list is a frame's moment of leaving, and NaN once it has arrived. */
export type Departures = Millis[];

/** All that is measured of the calls of one run, on one clock. Only what leaves while it runs is counted. */
export class Tape {
  /** One-way times, in ms: phone → model, and model → phone. */
  readonly up: Millis[] = [];
  readonly down: Millis[] = [];
  /** From `speech_started` leaving the model to `clear` at the phone. */
  readonly reactions: Millis[] = [];
  /** From the request to the webhook to its answer, and to the first frame of the caller at the model. */
  readonly webhook: Millis[] = [];
  readonly setUp: Millis[] = [];
  /** How late the load itself was. */
  readonly late: Millis[] = [];
  twice = 0;
  turns = 0;
  /** Calls that got no stream, and streams that the bridge closed. */
  refused = 0;
  dropped = 0;
  readonly #departures: Departures[] = [];
  #from: Millis = Infinity;
  #until: Millis = Infinity;

  start(): void {
    this.#from = performance.now();
  }

  stop(): void {
    this.#until = performance.now();
  }

  /** Whether a frame or reaction of this moment counts. */
  counts(at: Millis): boolean {
    return at >= this.#from && at < this.#until;
  }

  newCall(): Departures {
    const departures: Departures = [];
    this.#departures.push(departures);
    return departures;
  }

  /** A frame has arrived, with this number in the call. */
  arrived(departures: Departures, frame: number, at: Millis): void {
    const left = departures[frame];
    if (left === undefined) return;
    if (Number.isNaN(left)) this.twice += 1;
    else if (this.counts(left)) this.up.push(at - left);
    departures[frame] = Number.NaN;
  }

  /** Frames that left while the tape ran and have not arrived. */
  get lost(): number {
    const missing = (of: Departures) => of.filter(left => this.counts(left)).length;
    return this.#departures.reduce((sum, of) => sum + missing(of), 0);
  }
}
