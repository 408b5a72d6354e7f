import {BYTES_PER_MS, decodeSample} from '@voicebridge/shared/protocol/audio.ts';
import type {Millis} from '@voicebridge/shared/time.ts';

interface Heard {
  readonly untilMs: Millis;
  readonly at: Millis;
  /** On Twilio's clock of the stream it came on; undefined for what Twilio never sent. */
  readonly timestamp: Millis | undefined;
  readonly stream: number;
  /** Dropped when it can hardly be asked for any more. */
  payload: string | undefined;
}

const FRAME_MS: Millis = 20;
const FRAME_BYTES = FRAME_MS * BYTES_PER_MS;
/** So many arrivals are remembered, for as long as a long sentence. */
const REMEMBERED = 3_000;
/** So many frames are kept with their sound: the silence that ends a turn, what came before, and the way there. */
const AUDIBLE = 150;
/** The model's opinion of where speech begins and ends is a guess within about so much. */
const NEAR_MS = 100;
/** Speech is so many times as loud as the line is without it, but never quieter than -47 dB of full scale… */
const ABOVE_LINE = 3;
const LEAST_RMS = 150;
/** …and a line that is louder than this without speech tells nothing. */
const MOST_RMS = 1_000;
/** A frame that came so much later than the fastest was held back: by a network, by us, or by an edge until we came. */
const HELD_BACK_MS = 60;
/** So many frames before one, and as many after it, tell how long frames usually take. */
const AROUND = 50;

/**
 * What one model session was given of the caller, and when each moment of it arrived here. The model tells where speech
 * begins and ends on a coarse grid and with its own idea of silence; the frames around that place tell it to the frame.
 *
 *   frames   ▁▁▁▁▃▅▇▇▅▇▇▅▃▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁
 *   model         └ about here ┘ about there
 */
export class HeardFrames {
  readonly #frames: Heard[] = [];
  #givenMs: Millis = 0;

  add(ms: Millis, frame: Omit<Heard, 'untilMs'>): void {
    const {payload, timestamp} = frame;
    if (ms <= FRAME_MS || payload === undefined || timestamp === undefined) return this.#addOne(ms, frame);
    // What waited at an edge comes in one piece; where speech begins in it is looked for in frames all the same.
    const bytes = Buffer.from(payload, 'base64');
    for (let from = 0; from < bytes.length; from += FRAME_BYTES) {
      const part = bytes.subarray(from, from + FRAME_BYTES);
      const into = {payload: part.toString('base64'), timestamp: timestamp + from / BYTES_PER_MS};
      this.#addOne(part.length / BYTES_PER_MS, {...frame, ...into});
    }
  }

  #addOne(ms: Millis, frame: Omit<Heard, 'untilMs'>): void {
    this.#givenMs += ms;
    this.#frames.push({...frame, untilMs: this.#givenMs});
    const fading = this.#frames.at(-1 - AUDIBLE);
    if (fading) fading.payload = undefined;
    if (this.#frames.length > REMEMBERED) this.#frames.splice(0, REMEMBERED / 4);
  }

  /** When the audio at this position of the session arrived; undefined before any has. */
  arrivedAt(positionMs: Millis): Millis | undefined {
    const place = this.#frames.findIndex(({untilMs}) => untilMs >= positionMs);
    return this.#momentOf(place < 0 ? this.#frames.length - 1 : place);
  }

  /** When the first frame of speech arrived that began, as the model thinks, about here. */
  onsetAt(positionMs: Millis): Millis | undefined {
    const near = this.#near(positionMs);
    const first = near.findIndex(({loud}) => loud);
    // Loud from the very beginning: it did not begin here.
    return first > 0 ? this.#momentOf(near[first]?.place ?? -1) : this.arrivedAt(positionMs);
  }

  /** When the last frame of speech arrived that ended, as the model thinks, about here. */
  endedAt(positionMs: Millis): Millis | undefined {
    const near = this.#near(positionMs);
    const last = near.findLastIndex(({loud}) => loud);
    return last >= 0 && last < near.length - 1 ? this.#momentOf(near[last]?.place ?? -1) : this.arrivedAt(positionMs);
  }

  /** When the last frame arrived in which the caller could be heard, of those that came from `since` on. */
  loudUntil(since: Millis): Millis | undefined {
    const limit = this.#limit();
    return this.#frames.findLast(({at, payload}) => at >= since && payload !== undefined && rms(payload) > limit)?.at;
  }

  /** The frames around a position, one more at each end. None where the line is too loud to tell. */
  #near(positionMs: Millis): {readonly place: number; readonly loud: boolean}[] {
    const limit = this.#limit();
    if (limit > MOST_RMS) return [];
    const first = this.#frames.findIndex(({untilMs}) => untilMs >= positionMs - NEAR_MS);
    if (first < 0) return [];
    const behind = this.#frames.findIndex(({untilMs}) => untilMs > positionMs + NEAR_MS);
    return this.#frames.slice(first, behind < 0 ? undefined : behind + 1).map(({payload}, index) => ({
      place: first + index,
      loud: payload !== undefined && rms(payload) > limit,
    }));
  }

  /** What is louder than this is speech: the quietest tenth of the last frames tells how loud the line is without. */
  #limit(): number {
    const levels = this.#frames.slice(-AUDIBLE).flatMap(({payload}) => (payload === undefined ? [] : rms(payload)));
    const line = levels.toSorted((a, b) => a - b)[Math.floor(levels.length / 10)] ?? 0;
    return Math.max(LEAST_RMS, line * ABOVE_LINE);
  }

  /**
   * When a frame arrived, or would have if frames took as long as they usually do: jitter, and what holds a frame back,
   * say nothing about when somebody spoke.
   */
  #momentOf(place: number): Millis | undefined {
    const frame = this.#frames[place];
    if (frame?.timestamp === undefined) return frame?.at;
    const ways = (frames: readonly Heard[]) =>
      frames.flatMap(({timestamp, at, stream}) =>
        stream === frame.stream && timestamp !== undefined ? at - timestamp : [],
      );
    const all = ways(this.#frames);
    const most = all.reduce((least, way) => Math.min(least, way), Number.POSITIVE_INFINITY) + HELD_BACK_MS;
    const around = ways(this.#frames.slice(Math.max(0, place - AROUND), place + AROUND)).filter(way => way <= most);
    // Seconds that waited at an edge until we came were all held back: others must tell.
    const usual = around.length >= AROUND / 2 ? around : all.filter(way => way <= most);
    return frame.timestamp + median(usual);
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** How loud a frame is: the root of the mean square of its 16-bit samples. */
export function rms(payload: string): number {
  const bytes = Buffer.from(payload, 'base64');
  let sum = 0;
  for (const byte of bytes) sum += decodeSample(byte) ** 2;
  return Math.sqrt(sum / Math.max(1, bytes.length));
}
