import type {Clock} from '../time.ts';
import type {Capture, CaptureSection} from './capture.ts';
import {SectionWriter} from './section-writer.ts';

/** Captures in memory, each section as a text: for tests, and for what a replay is compared by. */
export class MemoryCapture {
  readonly #clock: Clock;
  readonly #sections: string[][] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The sections in the order in which they began. */
  get text(): string {
    return this.#sections.map(lines => lines.join('')).join('');
  }

  /** As one process writes. */
  of(process: string, atMost = Number.POSITIVE_INFINITY): Capture {
    return {
      begin: ({since, held = false, ...head}): CaptureSection => {
        const lines: string[] = [];
        let isKept = !held;
        if (isKept) this.#sections.push(lines);
        return new SectionWriter({process, ...head}, since ?? this.#clock.now(), {
          clock: this.#clock,
          write: line => lines.push(line) > 0,
          atMost,
          kept: () => {
            if (!isKept) this.#sections.push(lines);
            isKept = true;
          },
          ended: () => {},
        });
      },
    };
  }
}
