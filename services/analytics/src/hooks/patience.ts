import type {Millis} from '@voicebridge/shared/time.ts';

const SECOND: Millis = 1_000;
const MINUTE: Millis = 60 * SECOND;
const HOUR: Millis = 60 * MINUTE;

/** What is not taken for so long is given up: it is shown, and can be sent again. */
export const GIVE_UP_AFTER: Millis = 72 * HOUR;

/** How long to wait after so many failed attempts: a restart is over in seconds, and an outage may last a day. */
const WAITS: readonly Millis[] = [5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR];

/** `random`: from 0 to 1; what failed at the same time does not come again at the same time. */
export function waitAfter(failures: number, random: number): Millis {
  const wait = WAITS[Math.min(failures, WAITS.length) - 1] ?? 0;
  return Math.round(wait * (0.9 + 0.2 * random));
}

/** So long a receiver is left alone after this many failures in a row: what waits for it keeps no place meanwhile. */
const RESTS: readonly Millis[] = [0, 0, SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 30 * SECOND];

/** What waits for a receiver that rests comes back within so many times its rest. */
const SPREAD = 4;

/** Receivers that fail, by origin: one that is down is not asked by everything that waits for it. */
export class Receivers {
  readonly #failing = new Map<string, {failures: number; rest: Millis; restsUntil: Millis}>();

  /**
   * When this receiver may be asked; undefined: now. The longer it rests, the longer those that wait for it are spread:
   * thousands of them that look every second whether it is back are as much work as telling it.
   */
  askAgainAt(origin: string, at: Millis, random: number): Millis | undefined {
    const {restsUntil = 0, rest = 0} = this.#failing.get(origin) ?? {};
    return restsUntil > at ? restsUntil + Math.round(SPREAD * rest * random) : undefined;
  }

  answered(origin: string): void {
    this.#failing.delete(origin);
  }

  failed(origin: string, at: Millis): void {
    const failures = (this.#failing.get(origin)?.failures ?? 0) + 1;
    const rest = RESTS[Math.min(failures, RESTS.length) - 1] ?? 0;
    this.#failing.set(origin, {failures, rest, restsUntil: at + rest});
  }
}
