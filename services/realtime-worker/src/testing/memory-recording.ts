import {BYTES_PER_MS} from '@voicebridge/shared/protocol/audio.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {RecordedCall} from '../recording/recording.ts';
import {StoredRecording} from '../recording/stored-recording.ts';

/** A recording whose chunks stay in memory. */
export class MemoryRecording extends StoredRecording {
  readonly chunks: Map<string, Buffer>;
  isOver = false;

  constructor(call: RecordedCall, chunks = new Map<string, Buffer>()) {
    super(call, (key, body) => chunks.set(key, body));
    this.chunks = chunks;
  }

  override ended(atMs: Millis): void {
    super.ended(atMs);
    this.isOver = true;
  }

  override left(knownUntilMs: Millis, atMs: Millis, goesOn: boolean): void {
    super.left(knownUntilMs, atMs, goesOn);
    this.isOver = true;
  }

  /** Both sides, from where the recording began. */
  get caller(): Side {
    return new Side(this.#all, 0);
  }

  get assistant(): Side {
    return new Side(this.#all, 1);
  }

  get #all(): Buffer {
    return Buffer.concat([...this.chunks].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, body]) => body));
  }
}

/** One side of a stereo recording. Times in milliseconds from its beginning. */
export class Side {
  readonly audio: Buffer;

  constructor(stereo: Buffer, side: 0 | 1) {
    this.audio = Buffer.from(stereo.filter((_, index) => index % 2 === side));
  }

  get ms(): Millis {
    return this.audio.length / BYTES_PER_MS;
  }

  /** How many milliseconds of this byte there are. */
  msOf(byte: number): Millis {
    return this.audio.filter(each => each === byte).length / BYTES_PER_MS;
  }

  /** When this byte is heard first, and for the last time; undefined: never. */
  spanOf(byte: number): readonly [from: Millis, to: Millis] | undefined {
    const first = this.audio.indexOf(byte);
    return first < 0 ? undefined : [first / BYTES_PER_MS, (this.audio.lastIndexOf(byte) + 1) / BYTES_PER_MS];
  }
}
