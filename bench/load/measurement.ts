import type {Millis} from '@voicebridge/shared/time.ts';
import type {Percentiles} from './percentiles.ts';

/** One process of a bridge, or several that are counted together. */
export interface ProcessFigures {
  /** Processor time per call-second, and per second without any call. */
  readonly cpuMs: Millis;
  readonly idleMs: Millis;
  /** How much of the time its JavaScript thread was busy, 0 to 1; undefined if it is no Node process. */
  readonly threadBusy: number | undefined;
  /** Bytes per call: resident memory at its peak, the live heap while the calls last, and after they ended. */
  readonly peakBytes: number;
  readonly heldBytes: number | undefined;
  readonly leftBytes: number | undefined;
  /** Garbage collection: the longest pause, and pauses per second together. */
  readonly longestPause: Millis | undefined;
  readonly pausedMs: Millis | undefined;
}

/** What some calls through one bridge measured. */
export interface Measurement {
  readonly calls: number;
  readonly seconds: number;
  /** One-way, in ms: phone → model, and model → phone. */
  readonly up: Percentiles;
  readonly down: Percentiles;
  /** `speech_started` leaves the model → `clear` arrives at the phone, in ms. */
  readonly reaction: Percentiles;
  /** The webhook's answer; and from dialling to the caller's first frame at the model, in ms. */
  readonly webhook: Percentiles;
  readonly setUp: Percentiles;
  readonly frames: {readonly sent: number; readonly lost: number; readonly twice: number};
  readonly turns: number;
  readonly refused: number;
  readonly dropped: number;
  readonly processes: Readonly<Record<string, ProcessFigures>>;
  readonly machine: MachineUse;
}

/** Shares of all processors of the machine, 0 to 1. */
export interface MachineUse {
  readonly cores: number;
  readonly busy: number;
  /** Of it: by the bridge, by phones and model, by other work on this machine, by other machines on this hardware. */
  readonly bridge: number;
  readonly load: number;
  readonly others: number;
  readonly stolen: number;
  /** How late the phones were at p99, in ms: what the latencies cannot tell from the bridge's own. */
  readonly late: Millis;
}

/** Processor time per call-second of all processes together. */
export function totalCpu({processes}: Pick<Measurement, 'processes'>): Millis {
  return Object.values(processes).reduce((sum, {cpuMs}) => sum + cpuMs, 0);
}

/** The figure of a measurement in the middle, by its processor time. */
export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2;
}
