import {BYTES_PER_MS, msOfBytes} from '@voicebridge/shared/protocol/audio.ts';
import type {Millis} from '@voicebridge/shared/time.ts';

interface Sent {
  /** When it was sent to the phone, in milliseconds of the call. */
  readonly sentMs: Millis;
  readonly audio: Buffer;
}

interface Piece extends Sent {
  /** Its place: bytes since the call began. */
  readonly place: number;
}

/** What the assistant said, as the phone plays it: one piece behind the other, and nothing of what a clear removed. */
export class AssistantSide {
  #pieces: Piece[] = [];
  #freeAt = 0;
  #inheritedUntil = 0;
  /** What does not reach the phone. Undefined: everything does. */
  #late: Sent[] | undefined;

  /** Until this moment of the call the phone plays what another worker sent. */
  inherits(untilMs: Millis): void {
    this.#inheritedUntil = this.#freeAt = Math.round(untilMs * BYTES_PER_MS);
  }

  /** Before this moment of the call the phone may have played what another worker sent; a whole millisecond. */
  get inheritedUntilMs(): Millis {
    return Math.ceil(msOfBytes(this.#inheritedUntil));
  }

  /** When all of this will have been played. */
  get playsUntilMs(): Millis {
    return msOfBytes(this.#freeAt);
  }

  /** Audio is sent at `atMs` of the call, and is `wayMs` on its way: it is played then, or behind what is still to be played. */
  audio(payload: string, atMs: Millis, wayMs: Millis): void {
    const sent = {sentMs: atMs, audio: Buffer.from(payload, 'base64')};
    if (this.#late) this.#late.push(sent);
    else this.#place(sent, atMs + wayMs);
  }

  /**
   * What was sent at `sinceMs` or later has not reached the phone; undefined: all of it has. What has reached it meanwhile came
   * there at `cameMs`.
   */
  late(sinceMs: Millis | undefined, cameMs: Millis): void {
    const isLate = ({sentMs}: Sent) => sinceMs !== undefined && sentMs >= sinceMs;
    const gone = this.#pieces.filter(isLate);
    const waiting = this.#late ?? [];
    if (gone[0]) this.#freeAt = Math.min(this.#freeAt, gone[0].place);
    this.#pieces = this.#pieces.filter(piece => !isLate(piece));
    this.#late = undefined;
    for (const sent of waiting) if (!isLate(sent)) this.#place(sent, cameMs);
    if (sinceMs !== undefined) this.#late = [...gone, ...waiting.filter(isLate)];
  }

  /** From this moment of the call on, the phone plays nothing of what it was sent, nor of what is still on its way. */
  cut(atMs: Millis): void {
    if (this.#late) this.#late = [];
    const limit = Math.round(atMs * BYTES_PER_MS);
    this.#pieces = this.#pieces.flatMap(piece =>
      piece.place >= limit ? [] : {...piece, audio: piece.audio.subarray(0, limit - piece.place)},
    );
    this.#freeAt = Math.min(this.#freeAt, limit);
    this.#inheritedUntil = Math.min(this.#inheritedUntil, limit);
  }

  #place(sent: Sent, atMs: Millis): void {
    const place = Math.max(this.#freeAt, Math.round(atMs * BYTES_PER_MS));
    this.#pieces.push({...sent, place});
    this.#freeAt = place + sent.audio.length;
  }

  /** Writes what lies between two moments of the call into every second byte of `out`, from its second on. */
  take(fromMs: Millis, untilMs: Millis, out: Buffer): void {
    const first = Math.round(fromMs * BYTES_PER_MS);
    const last = Math.round(untilMs * BYTES_PER_MS);
    const kept: Piece[] = [];
    for (const piece of this.#pieces) {
      const {place, audio} = piece;
      const end = place + audio.length;
      for (let at = Math.max(place, first); at < Math.min(end, last); at += 1)
        out[(at - first) * 2 + 1] = audio[at - place] ?? 0;
      if (end > last) kept.push(piece);
    }
    this.#pieces = kept;
  }
}
