import {decode, LowPass, RATE_HZ} from './phone-audio.js';

/* global AudioWorkletProcessor, registerProcessor, sampleRate */

/** How loud it is, is told after so many blocks of 128 samples. */
const TOLD_EVERY = 8;

/**
 * The ear piece: plays what it is sent, one piece behind the other. A mark is returned when the audio before it was really
 * played; a clear drops what was not played yet, at once, and returns the marks of it, as the telephone network does.
 */
class Speaker extends AudioWorkletProcessor {
  filter = new LowPass(sampleRate);
  queue = [];
  place = 0;
  heard = 0;
  due = 0;
  sample = 0;
  loud = 0;
  blocks = 0;

  constructor() {
    super();
    this.port.onmessage = ({data}) => {
      if (data.clear) this.clear();
      else this.queue.push(data);
    };
  }

  clear() {
    const marks = this.queue.filter(({mark}) => mark !== undefined).map(({mark}) => mark);
    this.queue = [];
    this.place = 0;
    this.port.postMessage({cleared: true, marks, heardMs: this.heard / 8});
  }

  /** The next sample at 8 kHz, after returning the marks that stand before it. */
  next() {
    for (let first = this.queue[0]; first; first = this.queue[0]) {
      if (first.mark === undefined && this.place < first.audio.length) {
        this.place += 1;
        this.heard += 1;
        return decode(first.audio[this.place - 1]);
      }
      this.queue.shift();
      this.place = 0;
      if (first.mark !== undefined) this.port.postMessage({played: first.mark});
    }
    return 0;
  }

  process(_inputs, [[channel]]) {
    for (let at = 0; at < channel.length; at += 1) {
      this.due += RATE_HZ;
      if (this.due >= sampleRate) {
        this.due -= sampleRate;
        this.sample = this.next();
      }
      channel[at] = this.filter.next(this.sample);
      this.loud = Math.max(this.loud, Math.abs(channel[at]));
    }
    this.blocks += 1;
    if (this.blocks === TOLD_EVERY) {
      this.port.postMessage({loud: this.loud});
      this.blocks = 0;
      this.loud = 0;
    }
    return true;
  }
}
registerProcessor('speaker', Speaker);
