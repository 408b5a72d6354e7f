import type {Millis} from '@voicebridge/shared/time.ts';
import {type RoundTrip, RoundTrips} from './round-trips.ts';
import {type Piece, PlayoutTimeline} from './playout-timeline.ts';
import {type Observation, RemoteClock} from './remote-clock.ts';

/** A playout that a clear ended. Positions are on its timeline, in milliseconds. */
export interface ConfirmedClear {
  readonly heard: Millis;
  readonly proven: Millis;
  readonly sent: Millis;
  /** `landing`: from the mark behind the clear. `clock`: that mark did not come back in time. */
  readonly by: 'landing' | 'clock';
  /** What the caller did not hear, in order, cut to the byte. */
  readonly unheard: readonly Piece[];
}

/**
 * What a mark that came back says. `stale`: a clear flushed it, it proves nothing. `early`: its audio cannot have been
 * played yet. `foreign`: we never sent it.
 */
export type ReturnedMark = 'proof' | 'probe' | 'landed' | 'stale' | 'early' | 'foreign';

interface Probe {
  readonly at: Millis;
  /** The generation and the position it was sent at, when audio follows it. */
  readonly opens?: {readonly generation: number; readonly position: Millis};
}

interface PendingClear {
  /** The mark behind the clear, and the last of the audio: the first that comes back left Twilio when the clear landed. */
  readonly marks: readonly [behind: string, last: string];
  readonly at: Millis;
  readonly timeline: PlayoutTimeline;
  readonly estimate: Millis;
  readonly generation: number;
  landed: Observation | undefined;
  /** Marks that came back after the clear went out: played before it landed, or flushed by it. */
  readonly late: {readonly position: Millis; readonly seen: Observation}[];
}

/** So many probes are remembered. */
const MAX_PROBES = 8;
/** A clear whose mark is not back after this long is judged by the clock: the model must know before it answers. */
const MAX_CONFIRMATION_MS = 400;
const CONFIRMATION_SLACK_MS = 100;
/** Twilio's clock is known to a frame: what differs by more than this is sure. */
const CLOCK_TOLERANCE_MS = 25;

/**
 * What the caller has heard of the assistant.
 *
 *   we     ──send──╮                    ╭──echo──╮      clear+mark──╮          ╭──echo──
 *   Twilio         ╰─play ▒▒▒▒▒▒▒▒▒▒▒mark▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒╰─silence, mark╯
 *
 * While audio plays, the clock says how far it is, and marks put it right (timeline.ts) as far as they can be trusted
 * (round-trips.ts). The moment a clear lands, the last mark of what was buffered comes back unplayed, or at the latest a
 * mark sent right behind it; and Twilio's own clock (twilio-clock.ts) tells how much was played between the marks before
 * and that moment. `settle` takes that, or the guess if it is late.
 * Marks are named `owner.generation:position`. A clear starts a generation, and marks of the one before prove nothing.
 */
export class PlaybackLedger {
  readonly #owner: string;
  readonly #clock = new RemoteClock();
  readonly #trips = new RoundTrips(this.#clock);
  readonly #probes = new Map<string, Probe>();
  #generation = 0;
  #timeline = new PlayoutTimeline();
  #pendingClear: PendingClear | undefined;
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
    if (!this.#timeline.isEmpty(at)) return undefined;
    return this.#newProbe({at, opens: {generation: this.#generation, position: this.#timeline.sentMs}});
  }

  /** Audio goes to Twilio now. Returns the mark which, once returned, proves that it was heard. */
  sent(piece: Piece, at: Millis): string {
    if (this.#timeline.isEmpty(at)) this.#trips.add(this.#timeline.trips(this.#clock));
    return `${this.#owner}.${this.#generation}:${this.#timeline.add(piece, at)}`;
  }

  /** Twilio returned a mark. */
  markReturned(mark: string, at: Millis): ReturnedMark {
    if (this.#pendingClear && this.#isLanding(this.#pendingClear, mark, at)) {
      this.#pendingClear.landed = this.#clock.observe(at);
      return 'landed';
    }
    const probe = this.#probes.get(mark);
    if (probe) {
      this.#probes.delete(mark);
      const seen = this.#clock.observe(at);
      this.#trips.add([{trip: this.#clock.arrival(seen) - probe.at, at}]);
      const {opens} = probe;
      // It may still be on its way when the clear goes out: it landed before that.
      const opened = [this.#pendingClear, {generation: this.#generation, timeline: this.#timeline}].find(
        each => each?.generation === opens?.generation,
      );
      if (opens) opened?.timeline.opened(opens.position, seen);
      this.#correct();
      return 'probe';
    }
    const [, owner, generation, position] = /^(\d+)\.(\d+):(\d+(?:\.\d+)?)$/.exec(mark) ?? [];
    if (owner === undefined) return OUR_OTHER_MARKS.test(mark) ? 'stale' : 'foreign';
    if (owner === this.#owner && Number(generation) === this.#pendingClear?.generation && !this.#pendingClear.landed) {
      this.#pendingClear.late.push({position: Number(position), seen: this.#clock.observe(at)});
    }
    if (owner !== this.#owner || Number(generation) !== this.#generation) return 'stale';
    if (Number(position) > this.#timeline.sentMs) return 'foreign';
    const isProof = this.#timeline.proved(Number(position), this.#clock.observe(at));
    this.#correct();
    return isProof ? 'proof' : 'early';
  }

  /** How much of the playout will have been heard when a clear that is sent now lands. */
  heard(at: Millis): Millis {
    return this.#timeline.heard(at);
  }

  /** Whether the caller may still be hearing something: not everything that was sent is proven to be over. */
  playing(at: Millis): boolean {
    return this.#timeline.playing(at);
  }

  get sentMs(): Millis {
    return this.#timeline.sentMs;
  }

  get provenMs(): Millis {
    return this.#timeline.provenMs;
  }

  /** Undefined until one was measured. Milliseconds from us to Twilio and back, as they usually are. */
  get averageRoundTrip(): Millis | undefined {
    return this.#trips.average;
  }

  /** The same for what is recorded: a stall of the network is no part of how long one message took. */
  get typicalRoundTrip(): Millis | undefined {
    return this.#trips.typical;
  }

  /** A clear goes out now. Returns the mark to send right behind it; `settle` follows. Starts a new playout. */
  clear(at: Millis): string {
    const mark = `clear:${this.#owner}.${this.#generation}`;
    const [generation, timeline] = [this.#generation, this.#timeline];
    const marks = [mark, `${this.#owner}.${generation}:${timeline.sentMs}`] as const;
    this.#pendingClear = {marks, at, generation, timeline, estimate: this.heard(at), landed: undefined, late: []};
    this.#restart();
    return mark;
  }

  /** Until when the mark behind the clear is worth waiting for; undefined when it is back, or no mark ever came back. */
  get confirmsBy(): Millis | undefined {
    const {slowest} = this.#trips;
    if (!this.#pendingClear || this.#pendingClear.landed !== undefined || slowest === undefined) return undefined;
    return this.#pendingClear.at + Math.min(slowest + CONFIRMATION_SLACK_MS, MAX_CONFIRMATION_MS);
  }

  /** How much had been heard of the playout that was stopped, by the best that is known by now. */
  confirmClear(): ConfirmedClear | undefined {
    const stopped = this.#pendingClear;
    if (!stopped) return undefined;
    this.#pendingClear = undefined;
    const {timeline, estimate} = stopped;
    const landed = this.#landing(stopped);
    const began = timeline.trips(this.#clock);
    const extra = this.#trips.correction(began, landed);
    const heard = Math.max(landed.length === 0 ? estimate : timeline.heardAt(stopped.at, extra), timeline.provenMs);
    this.#trips.add(began);
    this.#trips.add(landed);
    return {
      heard,
      proven: timeline.provenMs,
      sent: timeline.sentMs,
      by: landed.length === 0 ? 'clock' : 'landing',
      unheard: timeline.after(heard),
    };
  }

  /** The stream has been gone since `at`, and with it what was buffered. Starts a new playout; returns what was not heard. */
  streamLost(at: Millis): readonly Piece[] {
    const unheard = this.#timeline.after(this.#timeline.heardAt(at));
    this.#restart();
    this.#clock.reset();
    this.#trips.reset();
    this.#probes.clear();
    return unheard;
  }

  #isLanding({marks: [behind, last], landed, timeline, at: since}: PendingClear, mark: string, at: Millis): boolean {
    if (landed) return false;
    // The last mark of the audio may also come back because it was played, and then sooner than a clear can land.
    return (
      mark === behind || (mark === last && !timeline.flushed && at - since >= this.#trips.fastest - CLOCK_TOLERANCE_MS)
    );
  }

  /** How long the clear took to land, by the first mark that it flushed; empty if none is back. */
  #landing({at, timeline, landed, late}: PendingClear): RoundTrip[] {
    const trips = landed ? [this.#clock.arrival(landed) - at] : [];
    const fastest = Math.min(this.#trips.fastest, ...timeline.trips(this.#clock).map(({trip}) => trip));
    for (const {position, seen} of timeline.flushed ? [] : late) {
      const trip = this.#clock.arrival(seen) - at;
      const isEarly = timeline.trip(position, seen, this.#clock) < fastest - CLOCK_TOLERANCE_MS;
      const isBefore = trip < fastest && trips.every(landing => trip < landing - CLOCK_TOLERANCE_MS);
      if (isEarly && trip >= fastest - CLOCK_TOLERANCE_MS) trips.push(trip);
      else if (!isEarly && isBefore) timeline.proved(position, seen);
    }
    return trips.length === 0 ? [] : [{trip: Math.min(...trips), at}];
  }

  /** Another echo is back: what plays is put right by it. */
  #correct(): void {
    const trips = this.#timeline.trips(this.#clock);
    if (trips.length > 0) this.#timeline.correct(this.#trips.correction(trips, []));
  }

  #restart(): void {
    this.#generation += 1;
    this.#timeline = new PlayoutTimeline();
  }

  #newProbe(probe: Probe): string {
    this.#probed += 1;
    const name = `probe:${this.#owner}.${this.#probed}`;
    this.#probes.set(name, probe);
    for (const oldest of this.#probes.keys()) {
      if (this.#probes.size <= MAX_PROBES) break;
      this.#probes.delete(oldest);
    }
    return name;
  }
}

const OUR_OTHER_MARKS = /^(?:probe|clear):\d+\.\d+$/;
