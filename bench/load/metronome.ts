import {setTimeout as sleep} from 'node:timers/promises';
import type {Cancel, Millis} from '@voicebridge/shared/time.ts';
import type {Random} from '@voicebridge/shared/testing/seeded-random.ts';

/** A phone sends a frame each 20 ms. */
const PERIOD: Millis = 20;

interface Beat {
  readonly phase: Millis;
  readonly tick: (at: Millis) => void;
  stopped: boolean;
}

/**
 * Ticks each 20 ms, for each of its users at its own moment, so that phones and sessions are out of step with each
 * other. One timer serves them all.
 */
export class Metronome implements Disposable {
  readonly #random: Random;
  /** Gets how late each tick was. */
  readonly #late: (ms: Millis) => void;
  #beats: Beat[] = [];
  #stopped = false;

  constructor(random: Random, late: (ms: Millis) => void) {
    this.#random = random;
    this.#late = late;
    void this.#run();
  }

  /** `tick` gets the time on the clock of `performance.now`. */
  add(tick: (at: Millis) => void): Cancel {
    const beat: Beat = {phase: this.#random.between(0, PERIOD), tick, stopped: false};
    this.#beats = [...this.#beats, beat].toSorted((a, b) => a.phase - b.phase);
    return () => {
      beat.stopped = true;
      this.#beats = this.#beats.filter(each => each !== beat);
    };
  }

  async #run(): Promise<void> {
    const epoch = performance.now();
    for (let cycle = 0; !this.#stopped; cycle += 1) {
      for (const beat of this.#beats) {
        const due = epoch + cycle * PERIOD + beat.phase;
        await until(due);
        if (this.#stopped) return;
        const at = performance.now();
        this.#late(at - due);
        if (!beat.stopped) beat.tick(at);
      }
      await until(epoch + (cycle + 1) * PERIOD);
    }
  }

  [Symbol.dispose](): void {
    this.#stopped = true;
  }
}

async function until(moment: Millis): Promise<void> {
  const wait = moment - performance.now();
  if (wait > 0) await sleep(wait);
}
