import {decodeSample, SILENCE} from '@voicebridge/shared/protocol/audio.ts';

/** Sample rates that conversion knows, in Hz: whole multiples of the telephone's 8 kHz. */
export type PcmRate = 8_000 | 16_000 | 24_000;

const TELEPHONE_HZ = 8_000;
const BYTES_PER_SAMPLE = 2;
/** The low-pass filter looks so many samples at 8 kHz ahead and back: 2 ms. */
const REACH = 16;
/** Telephone speech ends at 3.4 kHz; at 8 kHz nothing above 4 kHz can be carried. */
const CUTOFF_HZ = 3_700;

const DECODED = Int16Array.from({length: 256}, (_, byte) => decodeSample(byte));

/**
 * The caller's audio for a model that takes 16-bit PCM: base64 μ-law at 8 kHz in, base64 little-endian PCM out. One
 * instance for each stream of audio. The end of each chunk is held back for 2 ms, which is what the filter looks ahead;
 * no sample is lost or added, and the position of a sound in the stream stays the same.
 */
export class MulawToPcm {
  readonly #factor: number;
  /** The filter's taps for the first, second, … of the samples that one input sample becomes. */
  readonly #phases: readonly Float64Array[];
  /** The last samples of what came before; silence before the start. */
  #before = new Float64Array(2 * REACH);
  /** Output samples that belong to the silence before the start. */
  #skip: number;

  constructor(rateHz: PcmRate) {
    this.#factor = rateHz / TELEPHONE_HZ;
    this.#phases = phasesOf(lowPass(this.#factor), this.#factor);
    this.#skip = REACH;
  }

  /** Returns '' if the chunk is too short to tell anything yet. */
  convert(payload: string): string {
    const bytes = Buffer.from(payload, 'base64');
    const samples = new Float64Array(bytes.length);
    for (let at = 0; at < bytes.length; at += 1) samples[at] = DECODED[bytes[at] ?? SILENCE] ?? 0;
    return toBase64(this.#factor === 1 ? samples : this.#upsample(samples));
  }

  /** Each sample becomes `factor` samples, each of them a sum over the 33 samples around it. */
  #upsample(samples: Float64Array): Float64Array {
    const line = joined(this.#before, samples);
    this.#before = line.slice(samples.length);
    const from = Math.min(this.#skip, samples.length);
    this.#skip -= from;
    const factor = this.#factor;
    const out = new Float64Array((samples.length - from) * factor);
    for (const [phase, taps] of this.#phases.entries())
      filterInto(out, {first: phase, step: factor}, line, {first: from, step: 1}, taps);
    return out;
  }
}

/**
 * What a model says in 16-bit PCM, for the phone: base64 little-endian PCM in, base64 μ-law at 8 kHz out. Chunks may end
 * anywhere, even within a sample. `end` gives the last 2 ms of an item and starts over; an item of N ms then has exactly
 * N ms.
 */
export class PcmToMulaw {
  readonly #factor: number;
  readonly #filter: Float64Array;
  /** Samples that the filter still needs; silence before the start. */
  #line: Float64Array;
  /** The first byte of a sample whose second byte is in the next chunk. */
  #half = Buffer.alloc(0);

  constructor(rateHz: PcmRate) {
    this.#factor = rateHz / TELEPHONE_HZ;
    this.#filter = lowPass(this.#factor);
    this.#line = this.#silence();
  }

  /** Returns '' if the chunk is too short to tell anything yet. */
  convert(payload: string): string {
    const bytes = Buffer.concat([this.#half, Buffer.from(payload, 'base64')]);
    const count = Math.floor(bytes.length / BYTES_PER_SAMPLE);
    this.#half = bytes.subarray(count * BYTES_PER_SAMPLE);
    const samples = new Float64Array(count);
    for (let at = 0; at < count; at += 1) samples[at] = bytes.readInt16LE(at * BYTES_PER_SAMPLE);
    return toMulaw(this.#factor === 1 ? samples : this.#downsample(samples));
  }

  /** The item is over: returns what was held back. */
  end(): string {
    const rest = this.#factor === 1 ? new Float64Array(0) : this.#downsample(this.#silence());
    this.#line = this.#silence();
    this.#half = Buffer.alloc(0);
    return toMulaw(rest);
  }

  /** Each output sample is a sum over what the filter reaches on both sides of it. */
  #downsample(samples: Float64Array): Float64Array {
    const line = joined(this.#line, samples);
    const count = Math.max(0, Math.floor((line.length - this.#filter.length) / this.#factor) + 1);
    const out = new Float64Array(count);
    filterInto(out, {first: 0, step: 1}, line, {first: 0, step: this.#factor}, this.#filter);
    this.#line = line.slice(count * this.#factor);
    return out;
  }

  #silence(): Float64Array {
    return new Float64Array(REACH * this.#factor);
  }
}

/** One 16-bit sample as a μ-law byte (ITU-T G.711). What is too loud is limited; there is no minus zero. */
export function encodeSample(sample: number): number {
  const magnitude = Math.min(Math.abs(sample), 32_635) + 0x84;
  const exponent = 24 - Math.clz32(magnitude);
  const mantissa = (magnitude >> (exponent + 3)) & 0x0f;
  return ~((sample < 0 ? 0x80 : 0) | (exponent << 4) | mantissa) & 0xff;
}

/** A windowed sinc (Hamming) at `factor` times 8 kHz: symmetric, so that it delays all frequencies alike; sum 1. */
function lowPass(factor: number): Float64Array {
  const reach = REACH * factor;
  const cutoff = CUTOFF_HZ / (TELEPHONE_HZ * factor);
  const taps = Float64Array.from({length: 2 * reach + 1}, (_, at) => {
    const x = at - reach;
    const sinc = x === 0 ? 2 * cutoff : Math.sin(2 * Math.PI * cutoff * x) / (Math.PI * x);
    return sinc * (0.54 + 0.46 * Math.cos((Math.PI * x) / reach));
  });
  const sum = taps.reduce((total, tap) => total + tap, 0);
  return taps.map(tap => tap / sum);
}

/** The taps by which each of `factor` output samples weighs the input samples around it. */
function phasesOf(filter: Float64Array, factor: number): Float64Array[] {
  return Array.from({length: factor}, (_, phase) =>
    Float64Array.from({length: 2 * REACH + 1}, (_, tap) => factor * (filter[factor * (2 * REACH - tap) + phase] ?? 0)),
  );
}

/** Which samples of an array: from `first` on, every `step`-th. */
interface Every {
  readonly first: number;
  readonly step: number;
}

/**
 * Writes weighted sums of `line` into `out`, each over as many samples as there are taps. Runs a million times for each
 * second of audio, so no index is out of range and nothing is allocated.
 */
function filterInto(out: Float64Array, to: Every, line: Float64Array, from: Every, taps: Float64Array): void {
  const length = taps.length;
  const [toStep, fromStep] = [to.step, from.step];
  let start = from.first;
  for (let at = to.first; at < out.length; at += toStep) {
    let sum = 0;
    for (let tap = 0; tap < length; tap += 1) sum += (line[start + tap] ?? 0) * (taps[tap] ?? 0);
    out[at] = sum;
    start += fromStep;
  }
}

function joined(first: Float64Array, second: Float64Array): Float64Array {
  const both = new Float64Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

/** Rounded and limited to 16 bits: a filter overshoots a little. */
function toInt16(sample: number): number {
  return Math.max(-32_768, Math.min(32_767, Math.round(sample)));
}

function toBase64(samples: Float64Array): string {
  const bytes = Buffer.alloc(samples.length * BYTES_PER_SAMPLE);
  for (let at = 0; at < samples.length; at += 1) bytes.writeInt16LE(toInt16(samples[at] ?? 0), at * BYTES_PER_SAMPLE);
  return bytes.toString('base64');
}

function toMulaw(samples: Float64Array): string {
  const bytes = Buffer.alloc(samples.length);
  for (let at = 0; at < samples.length; at += 1) bytes[at] = encodeSample(toInt16(samples[at] ?? 0));
  return bytes.toString('base64');
}
