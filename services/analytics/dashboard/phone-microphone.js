import {encode, FRAME_BYTES, LowPass, RATE_HZ} from './phone-audio.js';

/* global AudioWorkletProcessor, registerProcessor, sampleRate */

/** The microphone: frames of 20 ms of μ-law, as a telephone sends them. */
class Microphone extends AudioWorkletProcessor {
  filter = new LowPass(sampleRate);
  frame = new Uint8Array(FRAME_BYTES);
  filled = 0;
  due = 0;

  process([[channel]]) {
    for (const sample of channel ?? []) {
      const smooth = this.filter.next(sample);
      this.due += RATE_HZ;
      if (this.due < sampleRate) continue;
      this.due -= sampleRate;
      this.frame[this.filled] = encode(smooth);
      this.filled += 1;
      if (this.filled < FRAME_BYTES) continue;
      this.port.postMessage(this.frame.slice());
      this.filled = 0;
    }
    return true;
  }
}
registerProcessor('microphone', Microphone);
