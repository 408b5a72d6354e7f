import type {Millis} from '@voicebridge/shared/time.ts';

/** Notices that Redis was unavailable and is back: it may have come back without what is known of a call. */
export class RedisReturn {
  readonly #wellSince: () => Millis | undefined;
  #seen: Millis | undefined;

  /** `wellSince`: since when Redis has answered without a break, on the monotonic clock; undefined while it does not. */
  constructor(wellSince: () => Millis | undefined) {
    this.#wellSince = wellSince;
    this.#seen = wellSince();
  }

  /** To be asked now and then. True once after each break. */
  isBack(): boolean {
    const well = this.#wellSince();
    if (well === undefined || well === this.#seen) return false;
    this.#seen = well;
    return true;
  }
}
