import {BYTES_PER_MS} from '@voicebridge/shared/protocol/audio.ts';
import type {Millis} from '@voicebridge/shared/time.ts';

interface Piece {
  /** Its place: bytes since the call began. */
  readonly place: number;
  readonly audio: Buffer;
}

/** What the assistant said, as the phone plays it: one piece behind the other, and nothing of what a clear removed. */
export class AssistantSide {
  #pieces: Piece[] = [];
  #freeAt = 0;

  /** Audio reaches the phone at `atMs` of the call: it is played then, or behind what is still to be played. */
  audio(payload: string, atMs: Millis): void {
    const audio = Buffer.from(payload, 'base64');
    const place = Math.max(this.#freeAt, Math.round(atMs * BYTES_PER_MS));
    this.#pieces.push({place, audio});
    this.#freeAt = place + audio.length;
  }

  /** From this moment of the call on, the phone plays nothing of what it was sent. */
  cut(atMs: Millis): void {
    const limit = Math.round(atMs * BYTES_PER_MS);
    this.#pieces = this.#pieces.flatMap(({place, audio}) =>
      place >= limit ? [] : {place, audio: audio.subarray(0, limit - place)},
    );
    this.#freeAt = Math.min(this.#freeAt, limit);
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
