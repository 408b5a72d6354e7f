import {msOfBase64, silence} from '@voicebridge/shared/protocol/audio.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {type GivenFrame, SpeechLocator} from './speech-locator.ts';

/** Of more missing audio than this only so much is filled in: the model has long heard that the turn is over. */
const MAX_PADDING_MS = 10_000;
/** Twilio's timestamps wander by a millisecond or two. */
const TOLERANCE_MS = 15;
const KEPT_AFTER_COMMIT_MS = 300;
/** Frames come every 20 ms. A caller in mid-speech of whom none came for so long is taken to be silent… */
const FRAMES_STOPPED_MS = 750;
/** …and the model hears that silence in pieces of this length. */
const PIECE_MS = 100;
const PIECE = silence(PIECE_MS);
/** So much audio that no turn has settled yet is kept for another session, while one is up and while none is. */
const MAX_UNCOMMITTED_MS = 8_000;
const MAX_WAITING_MS = 60_000;

/**
 * The caller's audio on its way into one model session. Gaps in Twilio's clock are filled with silence, because the
 * model's voice detection knows no time but the audio it is given: when the next frame shows the gap, or, if the caller
 * was speaking and frames stop altogether, as time passes. Audio that comes before the session is configured is kept, in
 * order; audio that no committed turn has settled is kept for another session, so that a half-spoken sentence survives
 * the loss of one. And it remembers when each moment of it arrived, so that positions the model names can be told as
 * moments (heard-frames.ts).
 */
export class CallerAudio {
  #open = false;
  #expected: Millis | undefined;
  readonly #given = new SpeechLocator();
  #stream = 0;
  #uncommitted: GivenFrame[] = [];
  #uncommittedMs: Millis = 0;
  #paddedMs: Millis = 0;
  #skipUntil: Millis = 0;
  /** When the last frame of an open stream came, and how much silence the model was given since. */
  #lastFrameAt: Millis | undefined;
  #timedPaddingMs: Millis = 0;
  /** How much silence the model was given that Twilio's clock has not shown to be missing. */
  #paddingAheadMs: Millis = 0;

  /** A frame from Twilio at `timestamp` of the stream's clock; returns what to give the model now, in order. */
  frame(timestamp: Millis, payload: string, at: Millis): string[] {
    const ms = msOfBase64(payload);
    this.#lastFrameAt = at;
    this.#timedPaddingMs = 0;
    if (timestamp + ms <= this.#skipUntil) return [];
    const missing = this.#expected === undefined ? 0 : Math.max(0, timestamp - this.#expected);
    this.#expected = timestamp + ms;
    const unfilled = Math.min(missing, MAX_PADDING_MS) - this.#paddingAheadMs;
    const padding = unfilled > TOLERANCE_MS ? unfilled : 0;
    // Frames that were only late, and come now, catch up with the silence that was given in their place.
    this.#paddingAheadMs = Math.max(0, this.#paddingAheadMs - missing - ms);
    this.#paddedMs += padding;
    const stream = this.#stream;
    const frame = {payload, ms, at, timestamp, stream};
    if (padding === 0) return this.#accept(frame);
    const pause = {...frame, payload: silence(padding), ms: Math.round(padding), timestamp: undefined};
    return [...this.#accept(pause), ...this.#accept(frame)];
  }

  /** When `time` is wanted: the caller was speaking, and frames have stopped. */
  get deadline(): Millis | undefined {
    if (!this.#open || !this.#given.speaking || this.#lastFrameAt === undefined) return undefined;
    if (this.#timedPaddingMs >= MAX_PADDING_MS) return undefined;
    return this.#lastFrameAt + Math.max(FRAMES_STOPPED_MS, this.#timedPaddingMs + PIECE_MS);
  }

  /** Some time passed; returns the silence to give the model for it, so that it can tell that the turn is over. */
  timePassed(at: Millis): string[] {
    const pieces: string[] = [];
    if (this.#lastFrameAt === undefined || this.deadline === undefined || at < this.deadline) return pieces;
    const goneMs = Math.min(at - this.#lastFrameAt, MAX_PADDING_MS);
    for (let until = this.#timedPaddingMs + PIECE_MS; until <= goneMs; until += PIECE_MS) {
      this.#timedPaddingMs = until;
      this.#paddingAheadMs += PIECE_MS;
      this.#paddedMs += PIECE_MS;
      const piece = {payload: PIECE, ms: PIECE_MS, timestamp: undefined, stream: this.#stream};
      pieces.push(...this.#accept({...piece, at: this.#lastFrameAt + until}));
    }
    return pieces;
  }

  /** The model says that the caller has begun to speak, or has stopped. */
  callerSpeaks(isSpeaking: boolean): void {
    this.#given.speaking = isSpeaking;
  }

  /** The clock of another stream begins anew. */
  newStream(at: Millis): void {
    this.#expected = undefined;
    this.#skipUntil = 0;
    this.#stream += 1;
    this.#lastFrameAt = at;
    this.#timedPaddingMs = 0;
    this.#paddingAheadMs = 0;
  }

  /** The stream is gone: what the caller says next comes on another. */
  streamLost(): void {
    this.#lastFrameAt = undefined;
  }

  /** Another owner's model has heard this stream up to here, and the conversation holds it in words. */
  skipUntil(timestamp: Millis): void {
    this.#skipUntil = timestamp;
  }

  /** A session is configured: returns all that it has to hear first, and audio flows from here on. */
  sessionOpened(): string[] {
    this.#open = true;
    this.#given.reset();
    return this.#uncommitted.map(frame => this.#give(frame, true));
  }

  /** There is no session: what comes now waits for the next. */
  sessionLost(): void {
    this.#open = false;
  }

  /**
   * A turn was committed: the conversation holds it in words, and another session need not hear it, but for the moment
   * before now, in which the caller may have begun to speak again. Returns how far Twilio's clock is settled.
   */
  turnCommitted(): Millis | undefined {
    while (this.#uncommittedMs > KEPT_AFTER_COMMIT_MS) this.#uncommittedMs -= this.#uncommitted.shift()?.ms ?? 0;
    // What comes late behind silence of ours was not heard yet, though the silence behind it was.
    const next = this.#uncommitted.find(({timestamp, stream}) => timestamp !== undefined && stream === this.#stream);
    return next?.timestamp ?? this.#expected;
  }

  /** What the session in use was given, and when it arrived. */
  get given(): SpeechLocator {
    return this.#given;
  }

  get paddedMs(): Millis {
    return this.#paddedMs;
  }

  #accept(frame: GivenFrame): string[] {
    this.#uncommitted.push(frame);
    this.#uncommittedMs += frame.ms;
    const most = this.#open ? MAX_UNCOMMITTED_MS : MAX_WAITING_MS;
    while (this.#uncommittedMs > most) this.#uncommittedMs -= this.#uncommitted.shift()?.ms ?? 0;
    return this.#open ? [this.#give(frame)] : [];
  }

  #give(frame: GivenFrame, again = false): string {
    this.#given.add(frame, again);
    return frame.payload;
  }
}
