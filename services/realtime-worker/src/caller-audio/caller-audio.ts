import {bytesOfBase64In, BYTES_PER_MS, msOfBytes, silence} from '@voicebridge/shared/protocol/audio.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {KeptAudio} from './kept-audio.ts';
import {SpeechLocator} from './speech-locator.ts';

/**
 * What becomes of a frame. `passOn`: it goes on to the model as it is, and nothing else changes. `kept`: no session is
 * open, or the audio is in the conversation already. Otherwise, what the model is given before it; then the deadline
 * has changed too.
 */
export type FrameFate = 'passOn' | 'kept' | {readonly before: readonly string[]; readonly isPassedOn: boolean};

/** A gap is filled with at most this much silence. The model has detected the end of the turn long before. */
const MAX_PADDING_MS = 10_000;
/** Gaps up to this length are not filled: Twilio's timestamps drift by a millisecond or two. */
const TOLERANCE_MS = 15;
const KEPT_AFTER_COMMIT_MS = 300;
/** Frames come every 20 ms. If none came for this long while the caller speaks, the model is given silence instead… */
const FRAMES_STOPPED_MS = 750;
/** …in pieces of this length. */
const PIECE_MS = 100;
/** A frame of this length, or a shorter one, is located and measured as one. */
const FRAME_BYTES = 20 * BYTES_PER_MS;
/** Audio that belongs to no committed turn yet is kept for the next session: this much while a session is open… */
const MAX_UNCOMMITTED_MS = 8_000;
/** …and this much while none is. */
const MAX_WAITING_MS = 60_000;

/**
 * The caller's audio on its way to the model session.
 *
 * Gaps in Twilio's timestamps are filled with silence, because the model's voice detection measures time by the audio it
 * is given. A gap is filled when the next frame shows it, or as time passes if frames stop while the caller speaks.
 * Audio that comes before the session is configured is kept in order. Audio of a turn that is not committed yet is kept
 * for another session, so that a half-spoken sentence survives the loss of one. `given` knows when each position of the
 * session's audio arrived, so that positions in the model's events become moments (speech-locator.ts).
 */
export class CallerAudio {
  #open = false;
  #expected: Millis | undefined;
  /** What belongs to no committed turn yet. */
  readonly #kept = new KeptAudio();
  readonly #given = new SpeechLocator(this.#kept);
  #stream = 0;
  #paddedMs: Millis = 0;
  #skipUntil: Millis = 0;
  /** When the last frame of an open stream came, and how much silence was given to the model since. */
  #lastFrameAt: Millis | undefined;
  #timedPaddingMs: Millis = 0;
  /** Silence that was given to the model before Twilio's timestamps showed a gap of that length. */
  #paddingAheadMs: Millis = 0;

  /**
   * A frame from Twilio: base64 μ-law that lies in `text`, from `from` up to, but not including, `to`. `timestamp` is the
   * stream's clock in milliseconds.
   */
  frame(timestamp: Millis, text: Buffer, from: number, to: number, at: Millis): FrameFate {
    const bytes = bytesOfBase64In(text, from, to);
    const ms = msOfBytes(bytes);
    const hadStopped = this.#lastFrameAt === undefined || this.#timedPaddingMs > 0;
    this.#lastFrameAt = at;
    this.#timedPaddingMs = 0;
    if (timestamp + ms <= this.#skipUntil) return hadStopped ? {before: [], isPassedOn: false} : 'kept';
    const missing = this.#expected === undefined ? 0 : Math.max(0, timestamp - this.#expected);
    this.#expected = timestamp + ms;
    const unfilled = Math.min(missing, MAX_PADDING_MS) - this.#paddingAheadMs;
    const padding = unfilled > TOLERANCE_MS ? unfilled : 0;
    // Frames that were only late take back the silence that was given in their place.
    this.#paddingAheadMs = Math.max(0, this.#paddingAheadMs - missing - ms);
    this.#paddedMs += padding;
    const before = padding === 0 ? [] : this.#acceptSilence(Math.round(padding), at);
    this.#accept(timestamp, text, from, to, at);
    if (hadStopped || before.length > 0) return {before, isPassedOn: this.#open};
    return this.#open ? 'passOn' : 'kept';
  }

  /** When to call `timePassed`; undefined unless the caller was speaking and frames have stopped. */
  get deadline(): Millis | undefined {
    if (!this.#open || !this.#given.speaking || this.#lastFrameAt === undefined) return undefined;
    if (this.#timedPaddingMs >= MAX_PADDING_MS) return undefined;
    return this.#lastFrameAt + Math.max(FRAMES_STOPPED_MS, this.#timedPaddingMs + PIECE_MS);
  }

  /** Returns the silence to give the model for the time that passed without frames, so that it can end the turn. */
  timePassed(at: Millis): string[] {
    const pieces: string[] = [];
    if (this.#lastFrameAt === undefined || this.deadline === undefined || at < this.deadline) return pieces;
    const goneMs = Math.min(at - this.#lastFrameAt, MAX_PADDING_MS);
    for (let until = this.#timedPaddingMs + PIECE_MS; until <= goneMs; until += PIECE_MS) {
      this.#timedPaddingMs = until;
      this.#paddingAheadMs += PIECE_MS;
      this.#paddedMs += PIECE_MS;
      pieces.push(...this.#acceptSilence(PIECE_MS, this.#lastFrameAt + until));
    }
    return pieces;
  }

  /** The model reported that the caller began to speak, or stopped. */
  callerSpeaks(isSpeaking: boolean): void {
    this.#given.speaking = isSpeaking;
  }

  /** Another stream began: its timestamps start again at 0. */
  newStream(at: Millis): void {
    this.#expected = undefined;
    this.#skipUntil = 0;
    this.#stream += 1;
    this.#lastFrameAt = at;
    this.#timedPaddingMs = 0;
    this.#paddingAheadMs = 0;
  }

  /** The stream is lost. No silence is given to the model until the next one begins. */
  streamLost(): void {
    this.#lastFrameAt = undefined;
  }

  /** Frames up to this timestamp belong to turns that another owner's model has committed: they are dropped. */
  skipUntil(timestamp: Millis): void {
    this.#skipUntil = timestamp;
  }

  /** A session is configured. Returns the audio to give it first; later frames are passed on as they come. */
  sessionOpened(): string[] {
    this.#open = true;
    this.#given.reset();
    return this.#kept.all().map(frame => {
      this.#given.add(frame, true);
      return frame.payload;
    });
  }

  /** The session is lost: frames are kept for the next one. */
  sessionLost(): void {
    this.#given.measure();
    this.#open = false;
  }

  /**
   * A turn was committed: the conversation holds its words, so another session does not need the audio. The last 300 ms
   * are kept, because the caller may have begun to speak again. Returns the timestamp on Twilio's clock up to which audio
   * is committed.
   */
  turnCommitted(): Millis | undefined {
    this.#given.measure();
    this.#kept.dropTo(KEPT_AFTER_COMMIT_MS);
    this.#kept.shrink();
    // A late frame whose place was filled with silence is not committed yet, although the silence is.
    return this.#kept.firstTimestamp(this.#stream) ?? this.#expected;
  }

  /** The audio that the current session was given, with the moments at which it arrived. */
  get given(): SpeechLocator {
    return this.#given;
  }

  /** Silence added so far, in milliseconds. */
  get paddedMs(): Millis {
    return this.#paddedMs;
  }

  #accept(timestamp: Millis, text: Buffer, from: number, to: number, at: Millis): void {
    const bytes = bytesOfBase64In(text, from, to);
    const stream = this.#stream;
    const ms = msOfBytes(bytes);
    const isUsual = bytes > 0 && bytes <= FRAME_BYTES;
    if (!isUsual) this.#given.measure();
    this.#kept.dropTo(this.#mostMs - ms);
    this.#kept.add(text, from, to, at, timestamp, stream);
    this.#kept.dropTo(this.#mostMs);
    if (!this.#open) return;
    if (isUsual) return this.#given.addLatest(bytes, at, timestamp, stream);
    this.#given.add({payload: text.toString('latin1', from, to), ms, at, timestamp, stream});
  }

  /** Returns the silence that the model is to be given now. */
  #acceptSilence(ms: Millis, at: Millis): string[] {
    this.#given.measure();
    this.#kept.addSilence(ms, at, this.#stream);
    this.#kept.dropTo(this.#mostMs);
    if (!this.#open) return [];
    const payload = silence(ms);
    this.#given.add({payload, ms, at, timestamp: undefined, stream: this.#stream});
    return [payload];
  }

  get #mostMs(): Millis {
    return this.#open ? MAX_UNCOMMITTED_MS : MAX_WAITING_MS;
  }
}
