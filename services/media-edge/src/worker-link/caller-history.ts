import {ByteRing} from '@voicebridge/shared/frame-channel/byte-ring.ts';
import {msOfBase64In} from '@voicebridge/shared/protocol/audio.ts';
import type {EdgeToWorker} from '@voicebridge/shared/protocol/edge-to-worker.ts';
import {rms} from '@voicebridge/shared/protocol/loudness.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {Replay} from './replay.ts';

/** How much of the past is kept for a new owner of the call. */
export const REPLAY_WINDOW_MS = 8_000;

type Control = Exclude<EdgeToWorker, {kind: 'audio'}>;

/** Louder frames than this (root mean square of 16-bit samples) are speech, or a line that is never quiet. */
const LOUD_RMS = 500;
/** One loud frame, or two, are a click. */
const MIN_LOUD_FRAMES = 3;

interface KeptControl {
  readonly frame: Control;
  readonly at: Millis;
  /** How many frames of audio came before it, of the whole stream. */
  readonly place: number;
  /** Whether the owner to whom it was sent has confirmed it. */
  readonly isConfirmed: () => boolean;
}

/** What a new owner knows of the stream already. */
interface Known {
  readonly settledMs?: Millis | undefined;
  readonly digits?: number | undefined;
}

/** Where the fields of one frame of audio are in a column. */
const COLUMNS = {at: 0, timestamp: 1, ms: 2, position: 3};
const WIDTH = 4;

/**
 * The last seconds of what came from one caller, in order: audio, returned marks, digits. The next owner of the call
 * gets what the last one may have lost when it died, without the audio of turns that are in the journal already.
 *
 *   settled ──┤├─ REPLAY_WINDOW_MS: audio, marks, digits that are not in the journal ─┤ now
 *
 * The audio is in one flat ring, from which the channel to the owner sends it, too. A key pressed once must count once: the
 * new owner says how many keys of this stream the journal has. Where it does not say, a digit that the owner before has
 * confirmed is not sent again.
 */
export class CallerHistory {
  readonly ring = new ByteRing();
  /** Of each frame in the window four numbers, in a circle that grows as needed. */
  #columns = new Float64Array(0);
  /** Frames of audio of the whole stream: the first in the window, and the next that comes. */
  #first = 0;
  #next = 0;
  #controls: KeptControl[] = [];

  /** Keeps audio whose text is in `bytes` from `from` up to `to`. Returns its position in the ring. */
  addAudio(timestamp: Millis, bytes: Buffer, from: number, to: number, at: Millis): number {
    this.#expire(at);
    if ((this.#next - this.#first + 1) * WIDTH > this.#columns.length) this.#grow();
    const position = this.ring.append(bytes, from, to);
    const offset = this.#offset(this.#next);
    this.#columns[offset + COLUMNS.at] = at;
    this.#columns[offset + COLUMNS.timestamp] = timestamp;
    this.#columns[offset + COLUMNS.ms] = msOfBase64In(bytes, from, to);
    this.#columns[offset + COLUMNS.position] = position;
    this.#next += 1;
    return position;
  }

  /** Keeps any other frame. */
  addControl(frame: Control, at: Millis, isConfirmed: () => boolean): void {
    this.#expire(at);
    this.#controls.push({frame, at, place: this.#next, isConfirmed});
  }

  /** Gives memory back. `unconfirmed`: where the audio begins that may have to be sent to the owner again. */
  release(unconfirmed: number): void {
    const oldest = this.#first === this.#next ? this.ring.end : this.#read(this.#first, COLUMNS.position);
    this.ring.release(Math.min(oldest, unconfirmed));
  }

  /**
   * What a new owner must be sent, with the audio in pieces of up to a second. `settledMs`: audio before it, on the clock of the stream, is in the journal as text. No
   * other audio is known to be in the model's session: that of a new owner has heard nothing yet. `digits`: so many keys
   * of the stream are in the journal; undefined: not known.
   */
  since({settledMs = 0, digits}: Known = {}): EdgeToWorker[] {
    const replay = new Replay(this.ring);
    let controls = 0;
    const addControls = (place: number) => {
      for (; (this.#controls[controls]?.place ?? Number.POSITIVE_INFINITY) <= place; controls += 1) {
        const control = this.#controls[controls];
        if (control && !isKnown(control, digits)) replay.addControl(control.frame);
      }
    };
    for (let place = this.#first; place < this.#next; place += 1) {
      addControls(place);
      const [timestamp, ms] = [this.#read(place, COLUMNS.timestamp), this.#read(place, COLUMNS.ms)];
      if (timestamp + ms <= settledMs) continue;
      replay.addAudio(timestamp, ms, this.#read(place, COLUMNS.position), this.#length(place));
    }
    addControls(this.#next);
    return replay.end();
  }

  /** Whether the caller has made a sound since `at` that may be a word. */
  isLoudSince(at: Millis): boolean {
    let loud = 0;
    for (let place = this.#next - 1; place >= this.#first && this.#read(place, COLUMNS.at) >= at; place -= 1) {
      if (rms(Buffer.from(this.#payload(place), 'base64')) > LOUD_RMS) loud += 1;
      if (loud === MIN_LOUD_FRAMES) return true;
    }
    return false;
  }

  #payload(place: number): string {
    return this.ring.text(this.#read(place, COLUMNS.position), this.#length(place));
  }

  /** Of the text of a frame: the next one begins where it ends. */
  #length(place: number): number {
    const end = place + 1 < this.#next ? this.#read(place + 1, COLUMNS.position) : this.ring.end;
    return end - this.#read(place, COLUMNS.position);
  }

  #expire(at: Millis): void {
    while (this.#first < this.#next && at - this.#read(this.#first, COLUMNS.at) > REPLAY_WINDOW_MS) this.#first += 1;
    while (this.#controls[0] && at - this.#controls[0].at > REPLAY_WINDOW_MS) this.#controls.shift();
  }

  #read(place: number, column: number): number {
    return this.#columns[this.#offset(place) + column] ?? 0;
  }

  #offset(place: number): number {
    return (place * WIDTH) % this.#columns.length;
  }

  #grow(): void {
    const larger = new Float64Array(Math.max(64 * WIDTH, this.#columns.length * 2));
    for (let place = this.#first; place < this.#next; place += 1) {
      const offset = this.#offset(place);
      larger.set(this.#columns.subarray(offset, offset + WIDTH), (place * WIDTH) % larger.length);
    }
    this.#columns = larger;
  }
}

/** Only of keys is it known what the new owner has; marks count once however often they come. */
function isKnown({frame, isConfirmed}: KeptControl, digits: number | undefined): boolean {
  if (frame.kind !== 'digit') return false;
  return digits === undefined || frame.number === undefined ? isConfirmed() : frame.number <= digits;
}
