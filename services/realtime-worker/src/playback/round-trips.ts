import type {Millis} from '@voicebridge/shared/time.ts';
import type {RemoteClock} from './remote-clock.ts';

/** One measured round trip to Twilio: `trip` is its duration, `at` the moment it came back, both in milliseconds. */
export interface RoundTrip {
  readonly trip: Millis;
  readonly at: Millis;
}

/** Round trips that belong together: of a single mark, or of all the marks of one playout. */
interface TripGroup {
  readonly count: number;
  /** How many distinct moments they came back at. Marks that come back together count as one measurement. */
  readonly moments: number;
  readonly fastest: Millis;
  /** The sum of their delays beyond the fastest. */
  readonly excess: Millis;
  /** The largest delay beyond the fastest that came after it, which a phone that falls behind does not change. */
  readonly latest: Millis;
}

/** The largest delay that marks show: each mark by itself (`alone`), and all of one group alike (`together`). */
interface Lateness {
  readonly alone: Millis;
  readonly together: Millis;
}

/** Probes, clears and playouts that are kept: enough for a median, few enough to follow a change of the network. */
const MAX_GROUPS = 16;
/** The least spread that is assumed, one caller frame: a network that was steady so far may still vary by this much. */
const MIN_SPREAD_MS = 20;
/** How late a mark may be before others show how late they are, and at most. */
const MOST_LATE_MS = 400;
/** Marks that are not later than this, and what jitter explains, come back when their audio was played. */
const PUNCTUAL_MS = 50;
/** So many marks in a row show that they are punctual. */
const ENOUGH_MARKS = 8;
/** Marks that are no further apart than this came back together. */
const TOGETHER_MS = 5;

/**
 * The round-trip time to Twilio, estimated from marks that may come back late.
 *
 * A mark can come back late, never early. So the fastest of several marks is the best measurement, and their spread
 * shows how late a single one may be. With `n` marks, each late by anything from 0 to `alone`, the round trip was about
 * `fastest - alone / (n + 1)`; the error shrinks with `n`. Without any mark the best estimate is the typical round trip;
 * its error is the jitter, which the caller's frames show. The two estimates are weighted by their variance: punctual
 * marks count fully, late ones hardly move the result.
 */
export class RoundTrips {
  readonly #clock: RemoteClock;
  #groups: TripGroup[] = [];
  /** The marks of a playout came back as evenly as only marks can that are in time. */
  #werePunctual = false;

  /** `clock` measures the jitter of the network. */
  constructor(clock: RemoteClock) {
    this.#clock = clock;
  }

  /** Adds the round trips of one mark, or of all the marks of one playout that is over. */
  add(trips: readonly RoundTrip[]): void {
    if (trips.length === 0) return;
    this.#groups.push(groupTrips(trips));
    if (this.#groups.length > MAX_GROUPS) this.#groups.shift();
  }

  reset(): void {
    this.#groups = [];
    this.#werePunctual = false;
  }

  /**
   * How late a mark may be although its audio was played in time, as far as those until now show. `trips`: of the playout
   * that is not over.
   */
  mostLate(trips: readonly RoundTrip[]): Millis {
    const now = groupTrips(trips);
    const all = [...this.#groups, now];
    // Single marks came back from an empty buffer or with a clear: playback cannot have made them late.
    const single = all.filter(({count}) => count === 1).map(({fastest}) => fastest);
    const ways = single.toSorted((a, b) => a - b);
    const apart = (ways[Math.floor(0.75 * ways.length)] ?? 0) - (ways[0] ?? 0);
    const seen = Math.max(1.25 * apart, ...all.map(({latest}) => latest));
    const spread = PUNCTUAL_MS + 2 * this.#clock.jitter;
    if (now.moments >= ENOUGH_MARKS && unevenness(trips) <= spread / 2) this.#werePunctual = true;
    const arePunctual = this.#werePunctual && seen <= spread;
    return arePunctual ? seen + spread : Math.max(MOST_LATE_MS, 1.25 * seen + spread);
  }

  /** The typical round trip plus the average jitter, in milliseconds; undefined until one was measured. */
  get average(): Millis | undefined {
    const {typical} = this;
    return typical === undefined ? undefined : typical + this.#clock.jitter;
  }

  /**
   * The round trip as a punctual mark shows it, in milliseconds; undefined until one was measured. Never below 0, which
   * the estimate can be where marks are much later than the network is slow.
   */
  get typical(): Millis | undefined {
    if (this.#groups.length === 0) return undefined;
    return Math.max(0, weightedMedian(this.#groups, latenessOf(this.#groups, this.#clock.jitter), 0));
  }

  /** The shortest round trip in milliseconds; 0 until one was measured. */
  get fastest(): Millis {
    return this.#groups.length === 0 ? 0 : Math.min(...this.#groups.map(({fastest}) => fastest));
  }

  /** The longest round trip to expect, in milliseconds; undefined until one was measured. */
  get slowest(): Millis | undefined {
    if (this.#groups.length === 0) return undefined;
    return Math.max(...this.#groups.map(({fastest}) => fastest)) + 2 * this.#clock.jitter;
  }

  /**
   * How much longer the clear took to reach Twilio than the audio before it took to begin: add this to the time between
   * the two on our clock. `began` and `landed` are the round trips of each, empty if there are none.
   */
  correction(began: readonly RoundTrip[], landed: readonly RoundTrip[]): Millis {
    const [beginning, landing] = [groupTrips(began), groupTrips(landed)];
    const all = [...this.#groups, ...[beginning, landing].filter(({count}) => count > 0)];
    const {jitter} = this.#clock;
    const lateness = latenessOf(all, jitter);
    const variance = (jitter ** 2 + MIN_SPREAD_MS ** 2) / 3;
    const usual = weightedMedian(all, lateness, variance);
    const way = (seen: TripGroup): Millis => {
      if (seen.count === 0) return usual;
      const trust = variance / (variance + varianceOf(seen, lateness));
      return usual + trust * (estimatedTrip(seen, lateness) - usual);
    };
    return way(landing) - way(beginning);
  }
}

function groupTrips(trips: readonly RoundTrip[]): TripGroup {
  const fastest = Math.min(...trips.map(({trip}) => trip));
  const moments = trips.filter(({at}, index) => at - (trips[index - 1]?.at ?? Number.NEGATIVE_INFINITY) > TOGETHER_MS);
  const excess = trips.reduce((sum, {trip}) => sum + trip - fastest, 0);
  return {count: trips.length, moments: moments.length, fastest, excess, latest: latestOf(trips)};
}

/** How far the round trips are from a straight line: on a phone that plays too slowly each is later than the one before. */
function unevenness(trips: readonly RoundTrip[]): Millis {
  const [first, last] = [trips[0], trips.at(-1)];
  if (!first || !last) return 0;
  const slope = Math.max(0, (last.trip - first.trip) / Math.max(1, last.at - first.at));
  return Math.max(...trips.map(({trip, at}) => Math.abs(trip - first.trip - slope * (at - first.at))));
}

function latestOf(trips: readonly RoundTrip[]): Millis {
  let [fastest, latest] = [Number.POSITIVE_INFINITY, 0];
  for (const {trip} of trips.toReversed()) {
    fastest = Math.min(fastest, trip);
    latest = Math.max(latest, trip - fastest);
  }
  return latest;
}

/** How late marks may be, each by itself and a whole group alike. Both are 0 until the measurements show otherwise. */
function latenessOf(all: readonly TripGroup[], unevenness: Millis): Lateness {
  let [excess, expected] = [0, 0];
  for (const each of all) {
    excess += each.excess;
    // The expected sum of the distances from the smallest of `n` values that are uniform between 0 and 1.
    expected += (each.count * (each.count - 1)) / (each.count + 1) / 2;
  }
  // If Twilio returns marks in bunches, all marks of a group are late by the same amount. Then the groups differ by more
  // than jitter explains.
  const ways = all.map(({fastest}) => fastest).toSorted((a, b) => a - b);
  const typical = ways[Math.floor((ways.length - 1) / 2)] ?? 0;
  const unexplained = typical - (ways[0] ?? 0) - 2 * (unevenness + MIN_SPREAD_MS);
  return {alone: expected === 0 ? 0 : excess / expected, together: Math.max(0, 2 * unexplained)};
}

function estimatedTrip({moments, fastest}: TripGroup, {alone, together}: Lateness): Millis {
  return fastest - alone / (moments + 1) - together / 2;
}

/** The variance of the smallest of `n` values uniform between 0 and `alone`, plus that of one between 0 and `together`. */
function varianceOf({moments}: TripGroup, {alone, together}: Lateness): number {
  return (alone ** 2 * moments) / ((moments + 1) ** 2 * (moments + 2)) + together ** 2 / 12;
}

/** The median of the groups, each weighted by how precisely it is known. */
function weightedMedian(all: readonly TripGroup[], lateness: Lateness, variance: number): Millis {
  const weighed = all
    .map(each => ({way: estimatedTrip(each, lateness), weight: 1 / (1 + variance + varianceOf(each, lateness))}))
    .toSorted((a, b) => a.way - b.way);
  let rest = weighed.reduce((sum, {weight}) => sum + weight, 0) / 2;
  return weighed.find(({weight}) => (rest -= weight) <= 0)?.way ?? 0;
}
