import type {Millis} from '@voicebridge/shared/time.ts';
import {median, type Piece, Timeline} from './timeline.ts';
import {type Sighting, TwilioClock} from './twilio-clock.ts';

/** A playout that a clear ended. Positions are on its timeline, in milliseconds. */
export interface Settled {
  readonly heard: Millis;
  readonly proven: Millis;
  readonly sent: Millis;
  /** `landing`: from the mark behind the clear. `clock`: that mark did not come back in time. */
  readonly by: 'landing' | 'clock';
  /** What the caller did not hear, in order, cut to the byte. */
  readonly unheard: readonly Piece[];
}

/** What a mark that came back says. `stale`: a clear flushed it, it proves nothing. `foreign`: we never sent it. */
export type Returned = 'proof' | 'probe' | 'landed' | 'stale' | 'foreign';

interface Probe {
  readonly at: Millis;
  /** The generation and the position it was sent at, when audio follows it. */
  readonly opens?: {readonly generation: number; readonly position: Millis};
}

interface Stopped {
  /** The first of these that comes back left Twilio when the clear landed. */
  readonly marks: readonly string[];
  readonly at: Millis;
  readonly timeline: Timeline;
  readonly guess: Millis;
  readonly generation: number;
  landed: Sighting | undefined;
  /** Marks that came back after the clear went out: played before it landed, or flushed by it. */
  readonly late: {readonly position: Millis; readonly seen: Sighting}[];
}

/** So many round trips and probes are remembered. */
const REMEMBERED = 8;
/** A clear whose mark is not back after this long is judged by the clock: the model must know before it answers. */
const LANDING_AT_MOST_MS = 400;
const LANDING_SLACK_MS = 100;
/** Twilio's clock is known to a frame: what left so much earlier did not leave at the same moment. */
const SURELY_BEFORE_MS = 25;
const TOO_EARLY_MS = 60;

/**
 * What the caller has heard of the assistant.
 *
 *   we     ──send──╮                    ╭──echo──╮      clear+mark──╮          ╭──echo──
 *   Twilio         ╰─play ▒▒▒▒▒▒▒▒▒▒▒mark▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒╰─silence, mark╯
 *
 * While audio plays, the clock says how far it is, and marks put it right (timeline.ts). After a clear nobody has to
 * guess: the moment it lands, the last mark of what was buffered comes back unplayed, or at the latest a mark sent right
 * behind it; and Twilio's own clock (twilio-clock.ts) tells how much was played between the last mark before and that
 * moment. `settle` takes that, or the guess if it is late.
 * Marks are named `owner.generation:position`. A clear starts a generation, and marks of the one before prove nothing.
 */
export class PlaybackLedger {
  readonly #owner: string;
  readonly #clock = new TwilioClock();
  readonly #probes = new Map<string, Probe>();
  #generation = 0;
  #timeline = new Timeline();
  #stopped: Stopped | undefined;
  #roundTrips: Millis[] = [];
  #roundTrip: Millis | undefined;
  #probed = 0;

  /** `owner` keeps the marks of two owners of one call apart: the epoch of the call. */
  constructor(owner: number) {
    this.#owner = String(owner);
  }

  /** A caller frame arrived: it tells the time at Twilio. */
  callerFrame(timestamp: Millis, at: Millis): void {
    this.#clock.frame(timestamp, at);
  }

  /** A mark to send when nothing is buffered: it measures the way there and back. */
  probe(at: Millis): string {
    return this.#newProbe({at});
  }

  /** A mark to send in front of audio that meets an empty buffer; undefined when something still plays. */
  opening(at: Millis): string | undefined {
    if (!this.#timeline.dry(at, this.roundTrip)) return undefined;
    return this.#newProbe({at, opens: {generation: this.#generation, position: this.#timeline.sentMs}});
  }

  /** Audio goes to Twilio now. Returns the mark which, once returned, proves that it was heard. */
  sent(piece: Piece, at: Millis): string {
    return `${this.#owner}.${this.#generation}:${this.#timeline.add(piece, at, this.roundTrip)}`;
  }

  /** Twilio returned a mark. */
  returned(mark: string, at: Millis): Returned {
    if (this.#stopped && !this.#stopped.landed && this.#stopped.marks.includes(mark)) {
      this.#stopped.landed = this.#clock.sight(at);
      this.#remember(at - this.#stopped.at);
      return 'landed';
    }
    const probe = this.#probes.get(mark);
    if (probe) {
      this.#probes.delete(mark);
      this.#remember(at - probe.at);
      const {opens} = probe;
      // It may still be on its way when the clear goes out: it landed before that.
      const opened = [this.#stopped, {generation: this.#generation, timeline: this.#timeline}].find(
        each => each?.generation === opens?.generation,
      );
      if (opens) opened?.timeline.opened(opens.position, this.#clock.sight(at));
      return 'probe';
    }
    const [, owner, generation, position] = /^(\d+)\.(\d+):(\d+(?:\.\d+)?)$/.exec(mark) ?? [];
    if (owner === undefined) return OUR_OTHER_MARKS.test(mark) ? 'stale' : 'foreign';
    if (owner === this.#owner && Number(generation) === this.#stopped?.generation && !this.#stopped.landed) {
      this.#stopped.late.push({position: Number(position), seen: this.#clock.sight(at)});
    }
    if (owner !== this.#owner || Number(generation) !== this.#generation) return 'stale';
    return this.#timeline.proved(Number(position), this.#clock.sight(at)) ? 'proof' : 'foreign';
  }

  /** How much of the playout will have been heard when a clear that is sent now lands. */
  heard(at: Millis): Millis {
    return this.#timeline.heard(at, this.roundTrip);
  }

  /** Whether the caller may still be hearing something: not everything that was sent is proven to be over. */
  playing(at: Millis): boolean {
    return this.#timeline.playing(at, this.roundTrip);
  }

  get sentMs(): Millis {
    return this.#timeline.sentMs;
  }

  get provenMs(): Millis {
    return this.#timeline.provenMs;
  }

  /** Undefined until one was measured. Milliseconds from us to Twilio and back, as they usually are. */
  get roundTrip(): Millis | undefined {
    return this.#roundTrip;
  }

  /** A clear goes out now. Returns the mark to send right behind it; `settle` follows. Starts a new playout. */
  stop(at: Millis): string {
    const mark = `clear:${this.#owner}.${this.#generation}`;
    const [generation, timeline] = [this.#generation, this.#timeline];
    const marks = [mark, `${this.#owner}.${generation}:${timeline.sentMs}`];
    this.#stopped = {marks, at, generation, timeline, guess: this.heard(at), landed: undefined, late: []};
    this.#restart();
    return mark;
  }

  /** Until when the mark behind the clear is worth waiting for; undefined when it is back, or no mark ever came back. */
  get landsBy(): Millis | undefined {
    if (!this.#stopped || this.#stopped.landed !== undefined || this.#roundTrips.length === 0) return undefined;
    const slowest = Math.max(...this.#roundTrips) + LANDING_SLACK_MS;
    return this.#stopped.at + Math.min(slowest, LANDING_AT_MOST_MS);
  }

  /** How much had been heard of the playout that was stopped, by the best that is known by now. */
  settle(): Settled | undefined {
    if (!this.#stopped) return undefined;
    const {timeline, guess, landed, late} = this.#stopped;
    for (const {position, seen} of late) {
      // What the clear flushed left together, and far too early for where it stands; what left before was played.
      const wasBefore = landed !== undefined && this.#clock.between(seen, landed) > SURELY_BEFORE_MS;
      const expected = timeline.heardAtLanding(seen, this.#clock) ?? guess;
      if (wasBefore && position <= expected + TOO_EARLY_MS) timeline.proved(position, seen);
    }
    const measured = landed && timeline.heardAtLanding(landed, this.#clock);
    this.#stopped = undefined;
    const heard = measured ?? guess;
    return {
      heard,
      proven: timeline.provenMs,
      sent: timeline.sentMs,
      by: measured === undefined ? 'clock' : 'landing',
      unheard: timeline.behind(heard),
    };
  }

  /** The stream has been gone since `at`, and with it what was buffered. Starts a new playout; returns what was not heard. */
  streamLost(at: Millis): readonly Piece[] {
    const unheard = this.#timeline.behind(this.#timeline.heardBy(at, this.roundTrip));
    this.#restart();
    this.#clock.reset();
    this.#roundTrips = [];
    this.#roundTrip = undefined;
    this.#probes.clear();
    return unheard;
  }

  #restart(): void {
    this.#generation += 1;
    this.#timeline = new Timeline();
  }

  #newProbe(probe: Probe): string {
    this.#probed += 1;
    const name = `probe:${this.#owner}.${this.#probed}`;
    this.#probes.set(name, probe);
    for (const oldest of this.#probes.keys()) {
      if (this.#probes.size <= REMEMBERED) break;
      this.#probes.delete(oldest);
    }
    return name;
  }

  #remember(roundTrip: Millis): void {
    this.#roundTrips.push(roundTrip);
    if (this.#roundTrips.length > REMEMBERED) this.#roundTrips.shift();
    this.#roundTrip = median(this.#roundTrips);
  }
}

const OUR_OTHER_MARKS = /^(?:probe|clear):\d+\.\d+$/;
