/** So many frames tell how loud the line is: three seconds. */
const WINDOW_FRAMES = 150;
/** A call that has just begun is taken for quiet, as far as it was not heard yet, for so many frames: one second. */
const ASSUMED_QUIET_FRAMES = 50;
/** The model says half a second late, at most, that the caller has begun to speak. */
const UNDECIDED_FRAMES = 25;
/** Levels are told apart by one decibel, up to the loudest sample there is. */
const STEPS = 91;
const LEVEL_OF_STEP = Float64Array.from({length: STEPS}, (_, step) => (step === 0 ? 0 : 10 ** ((step + 0.5) / 20)));

/** Speech is so many times as loud as the quietest tenth of all frames… */
const ABOVE_QUIETEST = 2;
/** …and so many times as loud as four in five of the frames in which nobody spoke… */
const ABOVE_NOISE = 1.2;
/** …but never quieter than -58 dB of full scale: digital silence is not a line, and hiss is not speech. */
const MIN_RMS = 40;

/**
 * How loud a line is when the caller is silent, and so how loud speech must be. Learned from the frames as they come:
 * a hum is loud all the time, and shows in the quietest of all frames; voices in the background, traffic and music come
 * and go, and show in the frames in which the model hears nobody.
 *
 *   background  ▂▁▃▂▁▁▃▂        speech  ▁▁▅▇▆▁▇▅▂▇▆▁▁
 *                  └ four in five           └ one in ten: the line, between two words
 *
 * Fifty times a second for every call: a few counts go up and down, and nothing is allocated.
 */
export class LineNoise {
  readonly #all = new LevelHistogram();
  readonly #background = new LevelHistogram();
  /** The latest frames, in which the caller may speak already. */
  readonly #undecided = new Uint8Array(UNDECIDED_FRAMES);
  #undecidedCount = 0;

  /** A frame of this level came (root mean square of 16-bit samples). `speaking`: the model hears the caller speak. */
  add(level: number, speaking: boolean): void {
    const step = stepOf(level);
    this.#all.add(step);
    if (speaking) {
      this.#undecidedCount = 0;
      return;
    }
    const slot = this.#undecidedCount % UNDECIDED_FRAMES;
    if (this.#undecidedCount >= UNDECIDED_FRAMES) this.#background.add(this.#undecided[slot] ?? 0);
    this.#undecided[slot] = step;
    this.#undecidedCount += 1;
  }

  /** A frame that is louder than this is not only the line. */
  get speechThreshold(): number {
    const quietest = this.#all.percentile(0.1) * ABOVE_QUIETEST;
    const noise = this.#background.percentile(0.8) * ABOVE_NOISE;
    return Math.max(MIN_RMS, quietest, noise);
  }
}

/** The latest levels, counted by loudness. */
class LevelHistogram {
  readonly #steps = new Uint8Array(WINDOW_FRAMES);
  readonly #frames = new Uint16Array(STEPS);
  #count = 0;

  add(step: number): void {
    const slot = this.#count % WINDOW_FRAMES;
    const oldest = this.#steps[slot] ?? 0;
    if (this.#count >= WINDOW_FRAMES) this.#frames[oldest] = (this.#frames[oldest] ?? 0) - 1;
    this.#steps[slot] = step;
    this.#frames[step] = (this.#frames[step] ?? 0) + 1;
    this.#count += 1;
  }

  /** The level that this share of the frames does not exceed. */
  percentile(share: number): number {
    const known = Math.min(this.#count, WINDOW_FRAMES);
    let left = share * Math.max(known, ASSUMED_QUIET_FRAMES) - Math.max(0, ASSUMED_QUIET_FRAMES - known);
    for (let step = 0; step < STEPS; step += 1) {
      left -= this.#frames[step] ?? 0;
      if (left < 0) return LEVEL_OF_STEP[step] ?? 0;
    }
    return 0;
  }
}

function stepOf(level: number): number {
  return level < 1 ? 0 : Math.min(STEPS - 1, Math.round(20 * Math.log10(level)));
}
