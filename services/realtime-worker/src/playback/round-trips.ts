import type {Millis} from '@voicebridge/shared/time.ts';
import type {RemoteClock} from './remote-clock.ts';

/** What came back at a moment, and how long it took. */
export interface Echo {
  readonly trip: Millis;
  readonly at: Millis;
}

/** Echoes that share one way there: of a single mark, or of all the marks of a playout. */
interface Echoes {
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
const REMEMBERED = 16;
/** A way that has been even so far may still differ by this much: one caller frame. */
const EVEN_MS = 20;
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
  #past: Echoes[] = [];

  /** The clock tells how uneven the network is. */
  constructor(clock: RemoteClock) {
    this.#clock = clock;
  }

  /** Echoes of what is over: of one mark, or of the marks of one playout. */
  remember(trips: readonly Echo[]): void {
    if (trips.length === 0) return;
    this.#past.push(echoes(trips));
    if (this.#past.length > REMEMBERED) this.#past.shift();
  }

  forget(): void {
    this.#past = [];
  }

  /** As it usually is, with what the network adds to the fastest; undefined until one was measured. */
  get usual(): Millis | undefined {
    const {typical} = this;
    return typical === undefined ? undefined : typical + this.#clock.unevenness;
  }

  /** As one mark that is in time shows it; undefined until one was measured. */
  get typical(): Millis | undefined {
    if (this.#past.length === 0) return undefined;
    return usualOf(this.#past, latenessOf(this.#past, this.#clock.unevenness), 0);
  }

  /** No way was ever shorter; 0 until one was measured. */
  get fastest(): Millis {
    return this.#past.length === 0 ? 0 : Math.min(...this.#past.map(({fastest}) => fastest));
  }

  /** As slow as the slowest that was remembered; undefined until one was measured. */
  get slowest(): Millis | undefined {
    if (this.#past.length === 0) return undefined;
    return Math.max(...this.#past.map(({fastest}) => fastest)) + 2 * this.#clock.unevenness;
  }

  /**
   * How much longer a clear took to land than the audio before it took to begin: what must be added to the time between
   * them. `began` and `landed` are the echoes of each, as far as there are any.
   */
  extra(began: readonly Echo[], landed: readonly Echo[]): Millis {
    const [beginning, landing] = [echoes(began), echoes(landed)];
    const all = [...this.#past, ...[beginning, landing].filter(({count}) => count > 0)];
    const {unevenness} = this.#clock;
    const lateness = latenessOf(all, unevenness);
    const variance = (unevenness ** 2 + EVEN_MS ** 2) / 3;
    const usual = usualOf(all, lateness, variance);
    const way = (seen: Echoes): Millis => {
      if (seen.count === 0) return usual;
      const trust = variance / (variance + varianceOf(seen, lateness));
      return usual + trust * (wayOf(seen, lateness) - usual);
    };
    return way(landing) - way(beginning);
  }
}

function echoes(trips: readonly Echo[]): Echoes {
  const fastest = Math.min(...trips.map(({trip}) => trip));
  const moments = trips.filter(({at}, index) => at - (trips[index - 1]?.at ?? Number.NEGATIVE_INFINITY) > TOGETHER_MS);
  const excess = trips.reduce((sum, {trip}) => sum + trip - fastest, 0);
  return {count: trips.length, moments: moments.length, fastest, excess};
}

/** How late a mark may be: by itself, and together with all that answer the same. Nothing while nothing speaks against it. */
function latenessOf(all: readonly Echoes[], unevenness: Millis): Lateness {
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
  const unexplained = typical - (ways[0] ?? 0) - 2 * (unevenness + EVEN_MS);
  return {alone: expected === 0 ? 0 : excess / expected, together: Math.max(0, 2 * unexplained)};
}

function wayOf({moments, fastest}: Echoes, {alone, together}: Lateness): Millis {
  return fastest - alone / (moments + 1) - together / 2;
}

/** Of the least of `n` values between 0 and `alone`, and of one between 0 and `together`. */
function varianceOf({moments}: Echoes, {alone, together}: Lateness): number {
  return (alone ** 2 * moments) / ((moments + 1) ** 2 * (moments + 2)) + together ** 2 / 12;
}

/** The middle one, where one that is known well counts for several that are not. */
function usualOf(all: readonly Echoes[], lateness: Lateness, variance: number): Millis {
  const weighed = all
    .map(each => ({way: wayOf(each, lateness), weight: 1 / (1 + variance + varianceOf(each, lateness))}))
    .toSorted((a, b) => a.way - b.way);
  let rest = weighed.reduce((sum, {weight}) => sum + weight, 0) / 2;
  return weighed.find(({weight}) => (rest -= weight) <= 0)?.way ?? 0;
}
