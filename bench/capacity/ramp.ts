import type {Millis} from '@voicebridge/shared/time.ts';
import type {Measurement} from '../load/measurement.ts';

/** Beyond these a machine has too many calls. */
export interface Bounds {
  /** p99 of the one-way time, each way, and of the reaction to an interruption. */
  readonly oneWay: Millis;
  readonly reaction: Millis;
}

/** One measurement of the ramp: at this many calls, and what was beyond its bound. */
export interface Step {
  readonly calls: number;
  readonly wrong: readonly string[];
}

/** A thread and a machine that are busier cannot take a burst. */
const FULL_THREAD = 0.95;
const FULL_MACHINE = 0.97;
/** More other work than this, of all processors, makes absolute figures doubtful. */
export const MUCH = 0.1;
/** Frames that may be lost, of all. */
const LOST = 0.001;
const FIRST = [10, 25, 50, 100];
const GROWTH = 1.5;
/** The knee is found when the first number that is too many is at most so much larger than the last that is not. */
const CLOSE = 1.25;

/** What is beyond its bound, most telling first; nothing if all is well. */
export function beyond(
  {up, down, reaction, frames, refused, dropped, processes, machine}: Measurement,
  bounds: Bounds,
): string[] {
  const others = machine.others + machine.stolen;
  const late = (name: string, p99: Millis, bound: Millis) => (p99 > bound ? [`${name} p99 ${Math.round(p99)} ms`] : []);
  return [
    ...(refused > 0 ? [`${refused} calls refused`] : []),
    ...(dropped > 0 ? [`${dropped} calls dropped`] : []),
    ...(frames.lost > frames.sent * LOST ? [`${frames.lost} frames lost`] : []),
    ...Object.entries(processes).flatMap(([name, {threadBusy = 0}]) =>
      threadBusy > FULL_THREAD ? [`${name} full`] : [],
    ),
    // With other work beside it a machine may be busy and yet carry calls well: then the latencies judge.
    ...(machine.busy > FULL_MACHINE && others <= MUCH ? ['machine full'] : []),
    ...late('up', up.p99, bounds.oneWay),
    ...late('down', down.p99, bounds.oneWay),
    ...late('reaction', reaction.p99, bounds.reaction),
  ];
}

/**
 * How many calls to measure next, or undefined when the knee is known. It grows until something is wrong, measures that again since
 * another program may have been the reason, and then looks between.
 */
export function nextCalls(steps: readonly Step[], most: number): number | undefined {
  const {held, broke} = kneeOf(steps);
  if (broke === undefined) {
    const next = FIRST.find(calls => calls > held) ?? round(held * GROWTH);
    return held >= most ? undefined : Math.min(next, most);
  }
  if (held === 0 || broke.calls / held <= CLOSE) return undefined;
  const between = round(Math.sqrt(held * broke.calls));
  return between > held && between < broke.calls ? between : undefined;
}

/** The most calls with which all was well, and the fewest with which twice it was not. */
export function kneeOf(steps: readonly Step[]): {readonly held: number; readonly broke: Step | undefined} {
  const held = Math.max(0, ...steps.flatMap(({calls, wrong}) => (wrong.length === 0 ? [calls] : [])));
  const broke = steps
    .filter(({calls}) => calls > held && timesWrong(steps, calls) >= 2)
    .toSorted((a, b) => a.calls - b.calls)[0];
  return {held, broke};
}

function timesWrong(steps: readonly Step[], calls: number): number {
  return steps.filter(step => step.calls === calls && step.wrong.length > 0).length;
}

/** To multiples of 5, and of 10 from 100 on. */
function round(calls: number): number {
  const unit = calls < 100 ? 5 : 10;
  return Math.round(calls / unit) * unit;
}
