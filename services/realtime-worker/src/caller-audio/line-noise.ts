/** The noise level is learned from this many frames: three seconds. */
const WINDOW_FRAMES = 150;
/** In the first second of a call, frames that have not come yet count as quiet. */
const ASSUMED_QUIET_FRAMES = 50;
/** Frames of the last half second are undecided: the model reports speech up to this late. */
const UNDECIDED_FRAMES = 25;
/** The histogram has steps of one decibel, up to the loudest 16-bit sample. */
const STEPS = 91;
const LEVEL_OF_STEP = Float64Array.from({length: STEPS}, (_, step) => (step === 0 ? 0 : 10 ** ((step + 0.5) / 20)));

/** Speech is louder than the quietest tenth of all frames by this factor… */
const ABOVE_QUIETEST = 2;
/** …and louder than four in five of the frames without speech by this factor… */
const ABOVE_NOISE = 1.2;
/** …and at least this loud, -58 dB of full scale: hiss over digital silence is not speech. */
const MIN_RMS = 40;

/**
 * How loud a line is while the caller is silent, and so how loud speech must be. A steady hum shows in the quietest of all
 * frames. Background voices, traffic and music come and go; they show in the frames in which the model reports no
 * speech.
 *
 *   background  ▂▁▃▂▁▁▃▂        speech  ▁▁▅▇▆▁▇▅▂▇▆▁▁
 *                  └ four in five           └ one in ten: the line, between two words
 *
 * Runs fifty times a second for each call: it updates a few counters and allocates nothing.
 */
export class LineNoise {
  readonly #all = new LevelHistogram();
  readonly #background = new LevelHistogram();
  /** The latest frames: the caller may already be speaking in them. */
  readonly #undecided = new Uint8Array(UNDECIDED_FRAMES);
  #undecidedCount = 0;

  /** Adds a frame. `level`: root mean square of its 16-bit samples. `speaking`: the model reports that the caller speaks. */
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

  /** A frame with a higher level contains more than line noise (root mean square of 16-bit samples). */
  get speechThreshold(): number {
    const quietest = this.#all.percentile(0.1) * ABOVE_QUIETEST;
    const noise = this.#background.percentile(0.8) * ABOVE_NOISE;
    return Math.max(MIN_RMS, quietest, noise);
  }
}

/** A histogram of the levels of the last 150 frames. */
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

  /** The level that this share of the frames (0 to 1) does not exceed. */
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
