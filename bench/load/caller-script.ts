import type {Millis} from '@voicebridge/shared/time.ts';
import type {Random} from '@voicebridge/shared/testing/seeded-random.ts';

/** What the caller hears of the present reply. */
export interface Heard {
  /** When its first audio came; undefined before. */
  readonly since: Millis | undefined;
  /** When what has come so far has been played. */
  readonly until: Millis;
}

/** A caller without an answer asks again. */
const PATIENCE: Millis = 4_000;
/** Of all replies, those that the caller interrupts. */
const INTERRUPTED = 0.5;

/**
 * When a caller speaks: a turn about each 3.3 s, and half of the replies are interrupted while they play.
 *
 *   pausing ──> speaking ──> listening ──(the reply is over, or the caller has heard enough)──> pausing
 */
export class CallerScript {
  readonly #random: Random;
  #state: 'pausing' | 'speaking' | 'listening' = 'pausing';
  #until: Millis;
  /** How much of the reply the caller hears before speaking over it. */
  #enough: Millis = Infinity;
  #turns = 0;

  /** `at`: when the call began. */
  constructor(random: Random, at: Millis) {
    this.#random = random;
    this.#until = at + random.between(100, 1_500);
  }

  /** How often the caller began to speak. */
  get turns(): number {
    return this.#turns;
  }

  /** Whether the frame of this moment is speech. `heard` is of the reply to the last turn. */
  speaks(at: Millis, heard: Heard): boolean {
    switch (this.#state) {
      case 'pausing':
        if (at >= this.#until) this.#speak(at);
        break;
      case 'speaking':
        if (at >= this.#until) this.#listen(at);
        break;
      case 'listening':
        if (heard.since === undefined) {
          if (at >= this.#until) this.#speak(at);
        } else if (at >= heard.since + this.#enough) this.#speak(at);
        else if (at >= heard.until + 150) this.#pause(at);
        break;
      default:
        this.#state satisfies never;
    }
    return this.#state === 'speaking';
  }

  #pause(at: Millis): void {
    this.#state = 'pausing';
    this.#until = at + this.#random.between(200, 600);
  }

  #speak(at: Millis): void {
    this.#state = 'speaking';
    this.#turns += 1;
    this.#until = at + this.#random.between(700, 1_100);
  }

  #listen(at: Millis): void {
    this.#state = 'listening';
    this.#until = at + PATIENCE;
    this.#enough = this.#random.chance(INTERRUPTED) ? this.#random.between(300, 1_500) : Infinity;
  }
}
