import {BYTES_PER_MS} from '@voicebridge/shared/protocol/audio.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {FloorEffect} from './floor-events.ts';
import type {SpeechLocator} from '../caller-audio/speech-locator.ts';
import {rms} from '@voicebridge/shared/protocol/loudness.ts';
import type {PlaybackLedger} from '../playback/playback-ledger.ts';

const FRAME_MS: Millis = 20;
const FRAME_BYTES = FRAME_MS * BYTES_PER_MS;
/** Frames of the assistant's audio that are kept: a minute, because the model sends audio faster than it is played. */
const KNOWN = 3_000;
/** A number that no frame has. */
const NO_FRAME = 0xff_ff_ff_ff;
/** Frames of the caller that are compared: a second, in which no two voices rise and fall alike. */
const COMPARED = 50;
/** Frames of delay at most: our voice takes up to 600 ms to Twilio, through the caller's phone and back. */
const LATEST = 30;
/** From such a likeness on (Pearson's r) it is our own voice… */
const LIKENESS = 0.85;
/** …if it is so much fainter: what is as loud as we are does not come from a loudspeaker. */
const MOST_RETURNED = 0.3;

/**
 * Whether what comes from the caller is our own voice, come back from the loudspeaker of their phone. It rises and falls
 * as what we said did, somewhat later:
 *
 *   we say   ▁▃▇▅▁▁▆▇▂▁▅▃▁▁▁
 *   we hear  ▁▁▁▁▂▄▃▁▁▃▄▁▁▃▂
 */
export class Echo {
  /** Undefined until something is followed: where the server answers by itself, nothing is. */
  #known: Known | undefined;
  readonly #ours = new Float64Array(COMPARED + LATEST);
  readonly #caller: Pick<SpeechLocator, 'isSpeech' | 'latestLevels'>;
  readonly #ledger: Pick<PlaybackLedger, 'sentMs' | 'heard'>;
  #echoed = 0;
  #heard = 0;

  constructor(
    caller: Pick<SpeechLocator, 'isSpeech' | 'latestLevels'>,
    ledger: Pick<PlaybackLedger, 'sentMs' | 'heard'>,
  ) {
    this.#caller = caller;
    this.#ledger = ledger;
  }

  /** Follows what was sent and cleared. The ledger knows of it already. */
  follow(effects: readonly FloorEffect[], at: Millis): void {
    let playsAt = at + this.#ledger.sentMs - this.#ledger.heard(at);
    for (const effect of effects.toReversed()) {
      if (effect.do === 'clear') {
        this.#cleared(at);
        this.#forget(); // what stopped us was the caller, not our own voice
      }
      if (effect.do !== 'say') continue;
      playsAt -= effect.itemMs - effect.itemFrom;
      this.#say(effect.payload, playsAt);
    }
  }

  #say(payload: string, playsAt: Millis): void {
    const bytes = Buffer.from(payload, 'base64');
    const first = Math.round(playsAt / FRAME_MS);
    const {frame, said} = (this.#known ??= newKnown());
    for (let at = 0; at * FRAME_BYTES < bytes.length; at += 1) {
      const slot = (first + at) % KNOWN;
      frame[slot] = first + at;
      said[slot] = rms(bytes.subarray(at * FRAME_BYTES, (at + 1) * FRAME_BYTES));
    }
  }

  /** What would have played later than now is not heard. */
  #cleared(at: Millis): void {
    if (!this.#known) return;
    const now = Math.round(at / FRAME_MS);
    const {frame, said} = this.#known;
    for (let slot = 0; slot < KNOWN; slot += 1) if ((frame[slot] ?? 0) > now) said[slot] = 0;
  }

  /** The model hears speech begin; whether it is the caller's. */
  speechBegan(at: Millis): boolean {
    this.#forget();
    return this.isCaller(at);
  }

  /** Whether the caller can be heard to speak now, and it is not our own voice. */
  isCaller(at: Millis): boolean {
    if (!this.#caller.isSpeech) return false;
    const isEcho = this.#likeness(at) >= LIKENESS;
    if (isEcho) this.#echoed += 1;
    else this.#heard += 1;
    return !isEcho;
  }

  /** All of the speech that the model heard was ours, but for what may look otherwise by chance. */
  get wasAll(): boolean {
    return this.#echoed > 0 && this.#heard <= this.#echoed / 10;
  }

  #forget(): void {
    this.#echoed = 0;
    this.#heard = 0;
  }

  /** How alike the caller is to what we said, at the delay at which they are most alike. */
  #likeness(at: Millis): number {
    if (!this.#known) return 0;
    const {frame, said} = this.#known;
    const levels = this.#caller.latestLevels;
    const first = Math.round(at / FRAME_MS) - this.#ours.length + 1;
    for (let index = 0; index < this.#ours.length; index += 1) {
      const slot = (first + index + KNOWN) % KNOWN;
      this.#ours[index] = frame[slot] === first + index ? (said[slot] ?? 0) : 0;
    }
    let most = 0;
    // Their frames lie anywhere between two of ours: half way is near enough.
    for (let from = 0; from <= LATEST; from += 0.5) most = Math.max(most, correlation(levels, this.#ours, from));
    return most;
  }
}

/** How loud our frames are, in a circle. */
interface Known {
  readonly said: Uint16Array;
  /** The number of the frame that a place holds, counted on the clock of `at`. */
  readonly frame: Uint32Array;
}

function newKnown(): Known {
  return {said: new Uint16Array(KNOWN), frame: new Uint32Array(KNOWN).fill(NO_FRAME)};
}

/** Pearson's r of `a` and as much of `b` from a place on, or from half way to the next; 0 where either never changes, or `a` is too loud. */
function correlation(a: Float64Array, b: Float64Array, from: number): number {
  let [sumA, sumB, squaresA, squaresB, products] = [0, 0, 0, 0, 0];
  const {length} = a;
  const [first, next] = [Math.floor(from), Math.ceil(from)];
  for (let at = 0; at < length; at += 1) {
    const [x, y] = [a[at] ?? 0, ((b[first + at] ?? 0) + (b[next + at] ?? 0)) / 2];
    sumA += x;
    sumB += y;
    squaresA += x * x;
    squaresB += y * y;
    products += x * y;
  }
  const together = products - (sumA * sumB) / length;
  if (together > MOST_RETURNED * (squaresB - sumB ** 2 / length)) return 0;
  const spread = (squaresA - sumA ** 2 / length) * (squaresB - sumB ** 2 / length);
  return spread > 0 ? together / Math.sqrt(spread) : 0;
}
