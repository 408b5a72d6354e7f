import type {Millis} from '@voicebridge/shared/time.ts';
import {type RoundTrip, RoundTrips} from './round-trips.ts';
import {type Piece, PlayoutTimeline} from './playout-timeline.ts';
import {type Observation, RemoteClock} from './remote-clock.ts';

/** A playout that a clear ended. Positions are on its timeline, in milliseconds: heard, proven by marks, and sent. */
export interface ConfirmedClear {
  readonly heard: Millis;
  readonly proven: Millis;
  readonly sent: Millis;
  /** How `heard` is known. `landing`: from a mark that the clear returned. `clock`: no such mark came back in time. */
  readonly by: 'landing' | 'clock';
  /** The audio that the caller did not hear, in order, cut to the byte. */
  readonly unheard: readonly Piece[];
}

/**
 * What a returned mark means. `proof`: its audio was played. `probe`: it only measures the round trip. `landed`: the
 * clear reached Twilio. `stale`: a clear flushed it, so it proves nothing. `early`: its audio cannot have been played
 * yet. `foreign`: this worker never sent it.
 */
export type ReturnedMark = 'proof' | 'probe' | 'landed' | 'stale' | 'early' | 'foreign';

interface Probe {
  /** When it left, also if it was late on its way. */
  at: Millis;
  /** The generation and position of the audio that follows it, if any does. */
  readonly opens?: {readonly generation: number; readonly position: Millis};
}

interface PendingClear {
  /** The mark sent behind the clear, and the last mark of the audio. Either comes back when the clear reaches Twilio. */
  readonly marks: readonly [behind: string, last: string];
  /** When it left, also if it was late on its way. */
  at: Millis;
  readonly timeline: PlayoutTimeline;
  estimate: Millis;
  readonly generation: number;
  landed: Observation | undefined;
  /** Marks that came back after the clear went out: played before it reached Twilio, or flushed by it. */
  readonly late: {readonly position: Millis; readonly seen: Observation}[];
}

/** Probes that are kept at most; older ones are dropped. */
const MAX_PROBES = 8;
/** After this long without its mark, a clear is judged by the clock: the model needs the truncation before it answers. */
const MAX_CONFIRMATION_MS = 400;
const CONFIRMATION_SLACK_MS = 100;
/** The channel knows by then whether the clear is late on its way. */
const MIN_CONFIRMATION_MS = 200;
/** Twilio's clock is known to one frame. Only differences larger than this count. */
const CLOCK_TOLERANCE_MS = 25;

/**
 * How much of the assistant's audio the caller has heard.
 *
 *   we     ──send──╮                    ╭──mark──╮      clear+mark──╮          ╭──mark──
 *   Twilio         ╰─play ▒▒▒▒▒▒▒▒▒▒▒mark▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒╰─silence, mark╯
 *
 * While audio plays, the position is estimated from the clock and corrected by marks (playout-timeline.ts), as far as
 * their round trips can be trusted (round-trips.ts). When a clear reaches Twilio, Twilio returns the marks of the audio
 * that it drops, and the mark sent behind the clear. Twilio's own clock (remote-clock.ts) then tells how much was played
 * between the last mark before and that moment. `confirmClear` uses that, or the estimate if no mark came back in time.
 * A phone may stand still or play too slowly: then marks are later than marks are late, and they count instead of the clock.
 * Marks are named `owner.generation:position`. A clear starts a new generation; marks of the one before prove nothing. Marks
 * of an owner before count for what it had sent, of which its journal has the last one.
 */
export class PlaybackLedger {
  readonly #owner: string;
  readonly #clock = new RemoteClock();
  readonly #trips = new RoundTrips(this.#clock);
  readonly #probes = new Map<string, Probe>();
  /** Of the marks of owners before, by what their names begin with: how much further here their positions are. */
  readonly #adopted = new Map<string, Millis>();
  /** How much they had sent, and the round trips of its marks. */
  #adoptedMs: Millis = 0;
  readonly #adoptedTrips: RoundTrip[] = [];
  #generation = 0;
  #timeline = new PlayoutTimeline();
  #pendingClear: PendingClear | undefined;
  #probed = 0;
  /** What was sent then or later does not reach Twilio; undefined: everything does. */
  #undeliveredSince: Millis | undefined;

  /** `owner`: the epoch of the call. It keeps the marks of two owners of one call apart. */
  constructor(owner: number) {
    this.#owner = String(owner);
  }

  /** A caller frame arrived. Its timestamp is Twilio's clock, in milliseconds. */
  callerFrame(timestamp: Millis, at: Millis): void {
    this.#clock.frame(timestamp, at);
  }

  /** An earlier owner of the call has sent this at `at`, on this clock. `mark`: the mark behind it, if it is known. */
  adopt(piece: Piece, at: Millis, mark?: string): void {
    this.sent(piece, at);
    this.#adoptedUpTo(mark);
  }

  #adoptedUpTo(mark: string | undefined): void {
    this.#adoptedMs = this.#timeline.sentMs;
    const [, owner, generation, position] = AUDIO_MARK.exec(mark ?? '') ?? [];
    if (owner !== undefined) this.#adopted.set(`${owner}.${generation}`, this.#adoptedMs - Number(position));
  }

  /** How much more the owners before had sent than was adopted, if this is the mark behind the last of it. */
  notAdopted(mark: string): Millis {
    const [, owner, generation, position] = AUDIO_MARK.exec(mark) ?? [];
    const further = this.#adopted.get(`${owner}.${generation}`);
    return further === undefined || this.#generation > 0
      ? 0
      : Math.max(0, Number(position) + further - this.#adoptedMs);
  }

  /** As `adopt`, of what was sent right behind the last of it. */
  adoptRest(piece: Piece, at: Millis, mark: string): void {
    this.#timeline.addRest(piece, at);
    this.#adoptedUpTo(mark);
  }

  /** The name of a mark to send when a stream begins, or goes on with this owner. */
  streamOpened(at: Millis): string {
    // It comes back when all that is buffered was played: that is no round trip.
    if (!this.#timeline.isEmpty(at)) return `${this.#owner}.${this.#generation}:${this.#timeline.sentMs}`;
    return this.probe(at);
  }

  /** The name of a mark to send while nothing is buffered. It measures the round trip. */
  probe(at: Millis): string {
    return this.#newProbe({at});
  }

  /** The name of a mark to send in front of audio that meets an empty buffer; undefined while audio still plays. */
  opening(at: Millis): string | undefined {
    if (!this.#timeline.isEmpty(at)) return undefined;
    return this.#newProbe({at, opens: {generation: this.#generation, position: this.#timeline.sentMs}});
  }

  /** Audio goes to Twilio now. Returns the name of the mark that proves, once it comes back, that it was played. */
  sent(piece: Piece, at: Millis): string {
    if (this.#timeline.isEmpty(at)) this.#trips.add(this.#timeline.trips(this.#clock));
    return `${this.#owner}.${this.#generation}:${this.#timeline.add(piece, at)}`;
  }

  /**
   * What was sent at `since` or later does not reach Twilio, because the way to its edge is interrupted; undefined: all of it
   * has. What has reached it since the last call had left at `leftAt`: audio, marks and a clear alike.
   */
  undelivered(since: Millis | undefined, leftAt: Millis): void {
    const wasLate = (at: Millis) => at >= (this.#undeliveredSince ?? Number.POSITIVE_INFINITY);
    this.#timeline.undelivered(since, leftAt);
    for (const probe of this.#probes.values()) if (wasLate(probe.at)) probe.at = Math.max(probe.at, leftAt);
    const clear = this.#pendingClear;
    clear?.timeline.undelivered(since, leftAt);
    if (clear && wasLate(clear.at)) {
      clear.at = Math.max(clear.at, leftAt);
      clear.estimate = clear.timeline.heard(clear.at);
    }
    this.#undeliveredSince = since;
  }

  /** Twilio returned a mark. */
  markReturned(name: string, at: Millis): ReturnedMark {
    const mark = this.#ownName(name, at);
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
      // The mark may come back after the clear went out. It still belongs to the audio before the clear.
      const opened = [this.#pendingClear, {generation: this.#generation, timeline: this.#timeline}].find(
        each => each?.generation === opens?.generation,
      );
      if (opens) opened?.timeline.opened(opens.position, seen);
      this.#correct();
      return 'probe';
    }
    const [, owner, generation, position] = AUDIO_MARK.exec(mark) ?? [];
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

  /** How much of the playout the caller will have heard when a clear that is sent now reaches Twilio, in milliseconds. */
  heard(at: Millis): Millis {
    return this.#timeline.heard(at);
  }

  /** Whether the caller may still be hearing audio: marks do not yet prove that all of it was played. */
  playing(at: Millis): boolean {
    return this.#timeline.playing(at);
  }

  /** When all that was sent is taken to be heard, if no more marks come back. */
  get playedBy(): Millis {
    return this.#timeline.playedBy;
  }

  /** Whether a mark of the present playout, or one behind it, came back because its audio was played. */
  proves(mark: string): boolean {
    const [, owner, generation, position] = AUDIO_MARK.exec(mark) ?? [];
    const isOurs = owner === this.#owner && Number(generation) === this.#generation;
    return isOurs && Number(position) <= this.#timeline.provenMs;
  }

  get sentMs(): Millis {
    return this.#timeline.sentMs;
  }

  get provenMs(): Millis {
    return this.#timeline.provenMs;
  }

  /** The average round trip to Twilio in milliseconds; undefined until one was measured. */
  get averageRoundTrip(): Millis | undefined {
    return this.#trips.average;
  }

  /** The round trip of a single message, for records: without the average jitter. Undefined until one was measured. */
  get typicalRoundTrip(): Millis | undefined {
    return this.#trips.typical;
  }

  /** The fastest round trip of a message, in milliseconds; undefined until one was measured. */
  get fastestRoundTrip(): Millis | undefined {
    return this.#trips.typical === undefined ? undefined : this.#trips.fastest;
  }

  /** A clear goes out now. Returns the name of the mark to send right behind it. Starts a new playout. */
  clear(at: Millis): string {
    const mark = `clear:${this.#owner}.${this.#generation}`;
    const [generation, timeline] = [this.#generation, this.#timeline];
    const marks = [mark, `${this.#owner}.${generation}:${timeline.sentMs}`] as const;
    this.#pendingClear = {marks, at, generation, timeline, estimate: this.heard(at), landed: undefined, late: []};
    this.#restart();
    this.#timeline.undelivered(this.#undeliveredSince, at);
    return mark;
  }

  /**
   * When to stop waiting for the mark behind the clear; undefined if it is back, or if no mark ever came back, and infinity
   * while the clear is on its way.
   */
  get confirmsBy(): Millis | undefined {
    if (!this.#pendingClear || this.#pendingClear.landed !== undefined) return undefined;
    const {slowest} = this.#trips;
    if (slowest === undefined) return undefined;
    if (this.#pendingClear.at >= (this.#undeliveredSince ?? Number.POSITIVE_INFINITY)) return Number.POSITIVE_INFINITY;
    const usual = Math.max(slowest + CONFIRMATION_SLACK_MS, MIN_CONFIRMATION_MS);
    return this.#pendingClear.at + Math.min(usual, MAX_CONFIRMATION_MS);
  }

  /** How much was heard of the playout that the last clear ended, from everything known so far. Undefined the second time. */
  confirmClear(): ConfirmedClear | undefined {
    const stopped = this.#pendingClear;
    if (!stopped) return undefined;
    this.#pendingClear = undefined;
    const {timeline, estimate} = stopped;
    const landed = this.#landing(stopped);
    const began = timeline.trips(this.#clock);
    const extra = this.#trips.correction(began, landed);
    const guess = landed.length === 0 ? estimate : timeline.heardAt(stopped.at, extra);
    const heard = Math.max(this.#notBeyondMarks(guess, stopped, landed), timeline.provenMs);
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

  /** The last sign of the phone came at `at`: a clear that was sent after that has not reached it, and nothing was heard since. */
  lostAt(at: Millis): void {
    const clear = this.#pendingClear;
    if (!clear || clear.landed || at >= clear.at) return;
    clear.at = at;
    clear.estimate = clear.timeline.heardAt(at);
  }

  /** The stream was lost at `at`, and Twilio's buffer with it. Starts a new playout; returns the audio not heard. */
  streamLost(at: Millis): readonly Piece[] {
    const unheard = this.#timeline.after(this.#timeline.heardAt(at));
    this.#undeliveredSince = undefined;
    this.#restart();
    this.#clock.reset();
    this.#trips.reset();
    this.#probes.clear();
    return unheard;
  }

  /** A mark of an owner before, under the name that it would have here. */
  #ownName(mark: string, at: Millis): string {
    const [, owner, generation, position] = AUDIO_MARK.exec(mark) ?? [];
    const further = this.#adopted.get(`${owner}.${generation}`);
    if (further === undefined) return mark;
    const here = Number(position) + further;
    if (here > this.#adoptedMs) this.#hadMore(at);
    return `${this.#owner}.0:${Math.max(0, Math.min(here, this.#adoptedMs))}`;
  }

  /** An owner before had sent more than its journal says, which was played up to now: what this one has sent comes after it. */
  #hadMore(at: Millis): void {
    if (this.#generation > 0) return;
    this.#adoptedTrips.push(...this.#timeline.trips(this.#clock));
    const way = this.#trips.typical ?? Math.min(...this.#adoptedTrips.map(({trip}) => trip));
    if (!Number.isFinite(way)) return;
    this.#timeline.playsAfter(this.#adoptedMs, at - way);
    for (const probe of this.#probes.values()) if (probe.opens) probe.at = Math.max(probe.at, at - way);
  }

  #isLanding({marks: [behind, last], landed, timeline, at: since}: PendingClear, mark: string, at: Millis): boolean {
    if (landed) return false;
    // The last mark of the audio may also come back because it was played. Then it comes back sooner than a clear could.
    return (
      mark === behind || (mark === last && !timeline.flushed && at - since >= this.#trips.fastest - CLOCK_TOLERANCE_MS)
    );
  }

  /** The round trip of the clear, from the first mark that it flushed; empty if none is back. */
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

  /** The guess, unless the marks before the clear and those that it flushed show that the phone was behind. */
  #notBeyondMarks(guess: Millis, {at, timeline, late}: PendingClear, [landed]: readonly RoundTrip[]): Millis {
    if (!landed || timeline.flushed) return guess;
    const arrival = at + landed.trip;
    const flushed = late.filter(({seen}) => this.#clock.arrival(seen) >= arrival - CLOCK_TOLERANCE_MS);
    const flushedFrom = Math.min(...flushed.map(({position}) => position));
    return timeline.notBeyond(
      guess,
      {arrival, flushedFrom},
      this.#clock,
      this.#trips.mostLate(timeline.trips(this.#clock)),
    );
  }

  /** Another mark is back: corrects the estimate of what plays now. */
  #correct(): void {
    const mostLate = this.#trips.mostLate(this.#timeline.trips(this.#clock));
    this.#timeline.follow(this.#clock, this.#trips.typical, mostLate);
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

const AUDIO_MARK = /^(\d+)\.(\d+):(\d+(?:\.\d+)?)$/;
const OUR_OTHER_MARKS = /^(?:probe|clear):\d+\.\d+$/;
