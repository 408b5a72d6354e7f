import {type AudioFrame, audioFrame} from './audio-frames.ts';
import type {Random} from '@voicebridge/shared/testing/seeded-random.ts';

/** Cuts the phone's audio into frames of any size: 160 bytes are usual but not documented. */
export class OddFrames {
  readonly #random: Random;
  #held = Buffer.alloc(0);

  constructor(random: Random) {
    this.#random = random;
  }

  next(frame: AudioFrame): readonly AudioFrame[] {
    this.#held = Buffer.concat([this.#held, frame.bytes]);
    const frames: AudioFrame[] = [];
    for (let size = this.#random.whole(40, 480); size <= this.#held.length; size = this.#random.whole(40, 480)) {
      frames.push(audioFrame(Buffer.from(this.#held.subarray(0, size)), frame.speech));
      this.#held = this.#held.subarray(size);
    }
    return frames;
  }
}
