import type {Millis} from '@voicebridge/shared/time.ts';
import type {RemoteClock} from './remote-clock.ts';

/** What came back at a moment, and how long it took. */
export interface RoundTrip {
  readonly trip: Millis;
  readonly at: Millis;
}

/** Echoes that share one way there: of a single mark, or of all the marks of a playout. */
interface TripGroup {
  readonly count: number;
  /** What comes back together says no more than its fastest. */
  readonly moments: number;
  readonly fastest: Millis;
  /** How much later than the fastest they were, all together. */
  readonly excess: Millis;
}

/** The most by which a mark is late. */
interface Lateness {
  readonly alone: Millis;
  readonly together: Millis;
}

/** So many probes, clears and playouts are remembered: enough to find what is usual, few enough to forget. */
const MAX_GROUPS = 16;
/** A way that has been even so far may still differ by this much: one caller frame. */
const MIN_SPREAD_MS = 20;
/** Echoes no further apart came back together. */
const TOGETHER_MS = 5;

/**
 * How long things take to Twilio and back, from echoes that may be late.
 *
 * Lateness has one sign: an echo can be later than the moment it tells of, and never earlier. So the fastest echo of
 * several says most, and their spread says how late one alone may be. With `n` echoes, each late by anything from 0 to
 * `alone`, the way was about `fastest - alone / (n + 1)`, and that is wrong by less the more there are. Without
 * any, the way was the usual one, and that is wrong by what the network does, which the caller's frames show. The two
 * are weighed by how wrong each may be: marks in time count fully, late ones hardly move the clock.
 */
export class RoundTrips {
  readonly #clock: RemoteClock;
  #groups: TripGroup[] = [];

  /** The clock tells how uneven the network is. */
  constructor(clock: RemoteClock) {
    this.#clock = clock;
  }

  /** Echoes of what is over: of one mark, or of the marks of one playout. */
  add(trips: readonly RoundTrip[]): void {
    if (trips.length === 0) return;
    this.#groups.push(groupTrips(trips));
    if (this.#groups.length > MAX_GROUPS) this.#groups.shift();
  }

  reset(): void {
    this.#groups = [];
  }

  /** As it usually is, with what the network adds to the fastest; undefined until one was measured. */
  get average(): Millis | undefined {
    const {typical} = this;
    return typical === undefined ? undefined : typical + this.#clock.jitter;
  }

  /** As one mark that is in time shows it; undefined until one was measured. */
  get typical(): Millis | undefined {
    if (this.#groups.length === 0) return undefined;
    return weightedMedian(this.#groups, latenessOf(this.#groups, this.#clock.jitter), 0);
  }

  /** No way was ever shorter; 0 until one was measured. */
  get fastest(): Millis {
    return this.#groups.length === 0 ? 0 : Math.min(...this.#groups.map(({fastest}) => fastest));
  }

  /** As slow as the slowest that was remembered; undefined until one was measured. */
  get slowest(): Millis | undefined {
    if (this.#groups.length === 0) return undefined;
    return Math.max(...this.#groups.map(({fastest}) => fastest)) + 2 * this.#clock.jitter;
  }

  /**
   * How much longer a clear took to land than the audio before it took to begin: what must be added to the time between
   * them. `began` and `landed` are the echoes of each, as far as there are any.
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
  return {count: trips.length, moments: moments.length, fastest, excess};
}

/** How late a mark may be: by itself, and together with all that answer the same. Nothing while nothing speaks against it. */
function latenessOf(all: readonly TripGroup[], unevenness: Millis): Lateness {
  let [excess, expected] = [0, 0];
  for (const each of all) {
    excess += each.excess;
    // Of `n` values between 0 and 1, those above the least exceed it by so much together.
    expected += (each.count * (each.count - 1)) / (each.count + 1) / 2;
  }
  // Marks as far apart as the bunches in which they come back are all late by the same: then ways differ by more than
  // the network can explain.
  const ways = all.map(({fastest}) => fastest).toSorted((a, b) => a - b);
  const typical = ways[Math.floor((ways.length - 1) / 2)] ?? 0;
  const unexplained = typical - (ways[0] ?? 0) - 2 * (unevenness + MIN_SPREAD_MS);
  return {alone: expected === 0 ? 0 : excess / expected, together: Math.max(0, 2 * unexplained)};
}

function estimatedTrip({moments, fastest}: TripGroup, {alone, together}: Lateness): Millis {
  return fastest - alone / (moments + 1) - together / 2;
}

/** Of the least of `n` values between 0 and `alone`, and of one between 0 and `together`. */
function varianceOf({moments}: TripGroup, {alone, together}: Lateness): number {
  return (alone ** 2 * moments) / ((moments + 1) ** 2 * (moments + 2)) + together ** 2 / 12;
}

/** The middle one, where one that is known well counts for several that are not. */
function weightedMedian(all: readonly TripGroup[], lateness: Lateness, variance: number): Millis {
  const weighed = all
    .map(each => ({way: estimatedTrip(each, lateness), weight: 1 / (1 + variance + varianceOf(each, lateness))}))
    .toSorted((a, b) => a.way - b.way);
  let rest = weighed.reduce((sum, {weight}) => sum + weight, 0) / 2;
  return weighed.find(({weight}) => (rest -= weight) <= 0)?.way ?? 0;
}
