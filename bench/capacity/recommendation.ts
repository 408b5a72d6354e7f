import type {Measurement} from '../load/measurement.ts';

/** What to set on this machine. */
export interface Recommendation {
  /** `MAX_CALLS` where all processes share this machine, as they did here. */
  readonly together: number;
  /** Where the autoscaler adds a process, in calls: what is above is for the minute that a new one takes. */
  readonly scaleAt: number;
  /** `MAX_CALLS` of a worker and of an edge with a processor core for itself, by how busy its thread was. */
  readonly worker: number;
  readonly edge: number;
  /** Calls that one core of this machine carries, by the processor time of all processes; and of each. */
  readonly perCore: number;
  readonly perCoreOf: Readonly<Record<string, number>>;
}

/** The rest is for bursts: everybody speaks at once, a dead process's calls come over. */
const SAFE = 0.8;
/** As the autoscalers of `deploy/k8s/components` do. */
const SCALE = 0.7;

/** `figures`: of the most calls with which all was well. */
export function recommend({calls, processes}: Pick<Measurement, 'calls' | 'processes'>): Recommendation {
  const perCore = (cpuMs: number) => Math.floor(1_000 / cpuMs);
  const alone = (name: string) => roundDown((SAFE * calls) / (processes[name]?.threadBusy ?? 1));
  const together = roundDown(SAFE * calls);
  return {
    together,
    scaleAt: Math.floor(SCALE * together),
    worker: alone('worker'),
    edge: alone('edge'),
    perCore: perCore(Object.values(processes).reduce((sum, {cpuMs}) => sum + cpuMs, 0)),
    perCoreOf: Object.fromEntries(Object.entries(processes).map(([name, {cpuMs}]) => [name, perCore(cpuMs)])),
  };
}

/** To two digits, at least 1. */
function roundDown(calls: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(calls)) - 1);
  return Math.max(1, Math.floor(calls / unit) * unit);
}
