import {msOfBase64, silence} from '@voicebridge/shared/protocol/audio.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {type GivenFrame, HeardFrames} from './heard-frames.ts';

/** Of more missing audio than this only so much is filled in: the model has long heard that the turn is over. */
const LONGEST_PADDING_MS = 10_000;
/** Twilio's timestamps wander by a millisecond or two. */
const TOLERANCE_MS = 15;
const LATELY_MS = 300;
/** So much audio that no turn has settled yet is kept for another session, while one is up and while none is. */
const UNSETTLED_MS = 8_000;
const UNGIVEN_MS = 60_000;

/**
 * The caller's audio on its way into one model session. Gaps in Twilio's clock are filled with silence, because the
 * model's voice detection knows no time but the audio it is given. Audio that comes before the session is configured
 * is kept, in order; audio that no committed turn has settled is kept for another session, so that a half-spoken
 * sentence survives the loss of one. And it remembers when each moment of it arrived, so that positions the model
 * names can be told as moments (heard-frames.ts).
 */
export class CallerAudio {
  #open = false;
  #expected: Millis | undefined;
  readonly #heard = new HeardFrames();
  #stream = 0;
  #unsettled: GivenFrame[] = [];
  #unsettledMs: Millis = 0;
  #paddedMs: Millis = 0;
  #skipUntil: Millis = 0;

  /** A frame from Twilio at `timestamp` of the stream's clock; returns what to give the model now, in order. */
  frame(timestamp: Millis, payload: string, at: Millis): string[] {
    const ms = msOfBase64(payload);
    if (timestamp + ms <= this.#skipUntil) return [];
    const missing = this.#expected === undefined ? 0 : timestamp - this.#expected;
    this.#expected = timestamp + ms;
    const padding = missing > TOLERANCE_MS ? Math.min(missing, LONGEST_PADDING_MS) : 0;
    this.#paddedMs += padding;
    const stream = this.#stream;
    const frame = {payload, ms, at, timestamp, stream};
    if (padding === 0) return this.#take(frame);
    const pause = {...frame, payload: silence(padding), ms: Math.round(padding), timestamp: undefined};
    return [...this.#take(pause), ...this.#take(frame)];
  }

  /** The clock of another stream begins anew. */
  newStream(): void {
    this.#expected = undefined;
    this.#skipUntil = 0;
    this.#stream += 1;
  }

  /** Another owner's model has heard this stream up to here, and the conversation holds it in words. */
  skipUntil(timestamp: Millis): void {
    this.#skipUntil = timestamp;
  }

  /** A session is configured: returns all that it has to hear first, and audio flows from here on. */
  sessionOpened(): string[] {
    this.#open = true;
    this.#heard.reset();
    return this.#unsettled.map(frame => this.#give(frame));
  }

  /** There is no session: what comes now waits for the next. */
  sessionLost(): void {
    this.#open = false;
  }

  /**
   * A turn was committed: the conversation holds it in words, and another session need not hear it, but for the moment
   * before now, in which the caller may have begun to speak again. Returns how far Twilio's clock is settled.
   */
  settle(): Millis | undefined {
    while (this.#unsettledMs > LATELY_MS) this.#unsettledMs -= this.#unsettled.shift()?.ms ?? 0;
    return this.#expected === undefined ? undefined : Math.max(0, this.#expected - this.#unsettledMs);
  }

  /** What the session in use was given, and when it arrived. */
  get heard(): HeardFrames {
    return this.#heard;
  }

  get paddedMs(): Millis {
    return this.#paddedMs;
  }

  #take(frame: GivenFrame): string[] {
    this.#unsettled.push(frame);
    this.#unsettledMs += frame.ms;
    const most = this.#open ? UNSETTLED_MS : UNGIVEN_MS;
    while (this.#unsettledMs > most) this.#unsettledMs -= this.#unsettled.shift()?.ms ?? 0;
    return this.#open ? [this.#give(frame)] : [];
  }

  #give(frame: GivenFrame): string {
    this.#heard.add(frame);
    return frame.payload;
  }
}
