import type {Millis} from '../time.ts';

/** The longest wait. A new owner gets only the last eight seconds of what a caller said. */
const MOST: Millis = 6_000;
/** A silence is no sign of death if a peer has come back from half of it… */
const TIMES = 2;
/** …lately: what was learned counts half as much after this time without such a silence. */
const HALF_LIFE: Millis = 30_000;
/** Learned times below this are forgotten, because every peer is given this long anyway. */
const FORGOTTEN: Millis = 250;

/**
 * How long a silent peer is waited for, as mistakes have taught. A peer that was called dead and sends heartbeats again
 * never was dead: the machine is so short of processor time that silence means little. Moving its calls has made the
 * others later, who would be called dead next, and so on; so no peer is called dead again for a silence that is not
 * twice as long. Without a mistake nothing is learned, and nobody waits longer. Pure: times are parameters.
 *
 * Each mistake needs a silence twice as long as the one before, so there are few, however slow the machine is.
 */
export class LearnedPatience {
  #least: Millis = 0;
  #at: Millis = 0;

  /** A peer that had been called dead came back after a silence of `ms`. */
  wasMistaken(ms: Millis, at: Millis): void {
    this.#learn(ms, at);
  }

  /** A peer that was not called dead came back after `ms`. After a mistake it shows whether the machine is still slow. */
  paused(ms: Millis, at: Millis): void {
    const least = this.least(at);
    if (least > 0 && TIMES * ms > least) this.#learn(ms, at);
  }

  /** The shortest silence that may count as death, in milliseconds; 0 if nothing was learned. */
  least(at: Millis): Millis {
    const least = faded(this.#least, at - this.#at, HALF_LIFE);
    return least < FORGOTTEN ? 0 : least;
  }

  #learn(ms: Millis, at: Millis): void {
    this.#least = Math.min(Math.max(this.least(at), TIMES * ms), MOST);
    this.#at = at;
  }
}

/** What is left of a value that counts half as much after `halfLife`, when `passed` has passed. */
export function faded(value: Millis, passed: Millis, halfLife: Millis): Millis {
  return value * 0.5 ** (passed / halfLife);
}
