import {BYTES_PER_MS, SILENCE} from '@voicebridge/shared/protocol/audio.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {Recording} from '../recording/recording.ts';

/** Keeps both sides of a call in memory, each on the time line of the call: the assistant's as the phone played it. */
export class MemoryRecording implements Recording {
  readonly caller = new Channel();
  readonly assistant = new Channel();
  endedAt: Millis | undefined;
  #freeAt: Millis = 0;

  callerAudio(payload: string, atMs: Millis): void {
    this.caller.write(Buffer.from(payload, 'base64'), atMs);
  }

  assistantAudio(payload: string, atMs: Millis): void {
    const audio = Buffer.from(payload, 'base64');
    const from = Math.max(this.#freeAt, atMs);
    this.assistant.write(audio, from);
    this.#freeAt = from + audio.length / BYTES_PER_MS;
  }

  cleared(atMs: Millis): void {
    this.assistant.cut(atMs);
    this.#freeAt = atMs;
  }

  ended(atMs: Millis): void {
    this.endedAt = atMs;
  }
}

/** μ-law from the beginning of the call, with silence where nothing was said. */
class Channel {
  audio = Buffer.alloc(0);

  write(piece: Buffer, fromMs: Millis): void {
    const from = Math.round(fromMs) * BYTES_PER_MS;
    const gap = Buffer.alloc(Math.max(0, from - this.audio.length), SILENCE);
    this.audio = Buffer.concat([this.audio.subarray(0, from), gap, piece]);
  }

  cut(atMs: Millis): void {
    this.audio = this.audio.subarray(0, Math.round(atMs) * BYTES_PER_MS);
  }

  /** How many milliseconds of this byte there are. */
  msOf(byte: number): Millis {
    return this.audio.filter(each => each === byte).length / BYTES_PER_MS;
  }
}
