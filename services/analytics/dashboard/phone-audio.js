/** μ-law (ITU-T G.711) and the way between the rate of a sound card and the 8 kHz of a telephone. */

export const RATE_HZ = 8_000;
export const FRAME_BYTES = 160;

/** A sample from -1 to 1 as a byte. */
export function encode(sample) {
  const linear = Math.max(-32_635, Math.min(32_635, Math.round(sample * 32_767)));
  const sign = linear < 0 ? 0x80 : 0;
  const magnitude = Math.abs(linear) + 132;
  const exponent = Math.max(0, 31 - Math.clz32(magnitude) - 7);
  return ~(sign | (exponent << 4) | ((magnitude >> (exponent + 3)) & 0x0f)) & 0xff;
}

/** A byte as a sample from -1 to 1. */
export function decode(byte) {
  const inverted = ~byte & 0xff;
  const magnitude = (((inverted & 0x0f) << 3) + 132) << ((inverted & 0x70) >> 4);
  return (inverted & 0x80 ? 132 - magnitude : magnitude - 132) / 32_767;
}

/**
 * A low-pass filter for one direction, so that nothing above 4 kHz folds back into what is heard: a windowed sinc of 63
 * taps at the higher of the two rates.
 */
export class LowPass {
  constructor(rateHz, cutHz = 3_600, taps = 63) {
    const middle = (taps - 1) / 2;
    const weights = Array.from({length: taps}, (_, tap) => {
      const x = (2 * Math.PI * cutHz * (tap - middle)) / rateHz;
      const sinc = x === 0 ? 1 : Math.sin(x) / x;
      return sinc * (0.54 - 0.46 * Math.cos((2 * Math.PI * tap) / (taps - 1)));
    });
    const sum = weights.reduce((total, weight) => total + weight, 0);
    this.weights = Float32Array.from(weights, weight => weight / sum);
    this.past = new Float32Array(taps);
    this.at = 0;
  }

  next(sample) {
    this.past[this.at] = sample;
    this.at = (this.at + 1) % this.past.length;
    let sum = 0;
    for (let tap = 0; tap < this.past.length; tap += 1)
      sum += this.weights[tap] * this.past[(this.at + tap) % this.past.length];
    return sum;
  }
}
