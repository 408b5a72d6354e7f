import {BYTES_PER_MS, msOfBytes} from '@voicebridge/shared/protocol/audio.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {StreamClock} from './stream-clock.ts';

/** Frames of one stream that follow each other without a gap. */
interface Run {
  readonly clock: StreamClock;
  /**
   * The timestamp of its first byte, on the carrier's clock, counted back from the newest frame: timestamps rise by a little
   * less than the audio is long, which adds up.
   */
  timestamp: Millis;
  readonly from: number;
  to: number;
}

/** Timestamps may be a millisecond or two off without a gap. */
const TOLERANCE_MS = 2;

/** What the caller said, until it is written: μ-law in one flat buffer. */
export class CallerSide {
  #bytes = Buffer.alloc(16_384);
  #used = 0;
  #runs: Run[] = [];
  #clock = new StreamClock();

  /** A frame: base64 in `text`, from `from` up to, but not including, `to`. Times in milliseconds; `at`: of the call. */
  frame(timestamp: Millis, text: Buffer, from: number, to: number, at: Millis): void {
    this.#clock.seen(timestamp, at);
    const most = Math.ceil(((to - from) * 3) / 4);
    this.#makeRoom(most);
    const bytes = this.#bytes.write(text.toString('latin1', from, to), this.#used, most, 'base64');
    const run = this.#runs.at(-1);
    const lengthMs = run ? msOfBytes(run.to - run.from) : 0;
    const reached = run ? run.timestamp + lengthMs : 0;
    const follows = run?.clock === this.#clock && reached + TOLERANCE_MS >= timestamp;
    // A frame that comes a second time has its bytes already.
    if (follows && timestamp + msOfBytes(bytes) <= reached + TOLERANCE_MS) return;
    if (follows) {
      run.timestamp = timestamp - lengthMs;
      run.to += bytes;
    } else this.#runs.push({clock: this.#clock, timestamp, from: this.#used, to: this.#used + bytes});
    this.#used += bytes;
  }

  /** When the first of it was spoken, in milliseconds of the call; undefined: there is none. `wayMs`: as in `take`. */
  beginsAt(wayMs: Millis): Millis | undefined {
    const [first] = this.#runs;
    return first && first.timestamp + first.clock.offset - wayMs;
  }

  /** Another stream begins: its timestamps start again. */
  newStream(): void {
    this.#clock = new StreamClock();
  }

  /**
   * Writes what lies between two moments of the call into every second byte of `out`, from its first on. `wayMs`: how long
   * a frame is on its way. What lies before is dropped, what lies behind is kept.
   */
  take(fromMs: Millis, untilMs: Millis, wayMs: Millis, out: Buffer): void {
    const kept: Run[] = [];
    const first = Math.round(fromMs * BYTES_PER_MS);
    const last = Math.round(untilMs * BYTES_PER_MS);
    for (const run of this.#runs) {
      const place = Math.round((run.timestamp + run.clock.offset - wayMs) * BYTES_PER_MS);
      const end = place + run.to - run.from;
      for (let at = Math.max(place, first); at < Math.min(end, last); at += 1)
        out[(at - first) * 2] = this.#bytes[run.from + at - place] ?? 0;
      if (end <= last) continue;
      const gone = Math.max(0, last - place);
      kept.push({...run, timestamp: run.timestamp + msOfBytes(gone), from: run.from + gone});
    }
    this.#runs = kept;
    this.#compact();
  }

  #makeRoom(bytes: number): void {
    if (this.#used + bytes <= this.#bytes.length) return;
    const larger = Buffer.alloc(this.#bytes.length * 2);
    this.#bytes.copy(larger, 0, 0, this.#used);
    this.#bytes = larger;
  }

  #compact(): void {
    const from = this.#runs[0]?.from ?? this.#used;
    this.#bytes.copy(this.#bytes, 0, from, this.#used);
    this.#used -= from;
    this.#runs = this.#runs.map(run => ({...run, from: run.from - from, to: run.to - from}));
  }
}
