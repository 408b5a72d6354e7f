import {styleText} from 'node:util';
import {type Measurement, totalCpu} from '../load/measurement.ts';
import type {Percentiles} from '../load/percentiles.ts';
import {ms, percent} from '../load/tables.ts';
import {type Bounds, MUCH, type Step} from './ramp.ts';
import {type Recommendation} from './recommendation.ts';

const COLUMNS =
  '  calls            up p50/p95/p99       down p50/p95/p99   reaction p50/p95/p99   ms CPU per call-second';

export const headLine = () => styleText('dim', COLUMNS);

/** One step, as it is printed when it is done. `name`: '' for ours. */
export function stepLine(name: string, figures: Measurement, wrong: readonly string[]): string {
  const {calls, up, down, reaction, processes} = figures;
  const parts = Object.entries(processes).map(([of, {cpuMs}]) => `${of} ${ms(cpuMs)}`);
  const cells = [
    `${String(calls).padStart(7)} ${name.padEnd(6)}`,
    ...[up, down, reaction].map(of => triple(of).padStart(20)),
    `  ${ms(totalCpu(figures)).padStart(5)}${parts.length > 1 ? `  (${parts.join(', ')})` : ''}`,
  ];
  const verdict = wrong.length > 0 ? styleText('red', `  ✗ ${wrong.join(', ')}`) : styleText('green', '  ✓');
  return `${cells.join(' ')}${verdict}`;
}

/** What a machine is told at the end. `best`: of the most calls with which all was well. */
export function summary(
  best: Measurement,
  {held, broke}: {readonly held: number; readonly broke: Step | undefined},
  advice: Recommendation,
  bounds: Bounds,
): string {
  const bold = (value: string | number) => styleText('bold', String(value));
  const {processes, machine, setUp, webhook} = best;
  const node = Object.entries(processes).filter(([, {threadBusy}]) => threadBusy !== undefined);
  const edgeAndWorker = [processes['edge'], processes['worker']];
  const memory = (of: 'peakBytes' | 'heldBytes' | 'leftBytes') =>
    `${(edgeAndWorker.reduce((sum, each) => sum + (each?.[of] ?? 0), 0) / 2 ** 20).toFixed(2)} MB`;
  const end = broke
    ? `with ${broke.calls} calls: ${broke.wrong.join(', ')}`
    : 'the knee was not reached: more than this in more time (--minutes, --most)';
  const per = (of: Readonly<Record<string, number>>) =>
    Object.entries(of)
      .map(([name, calls]) => `${name} ${calls}`)
      .join(', ');
  return [
    '',
    `  ${bold(`${held} calls at once`)} within ${bounds.oneWay} ms one way and ${bounds.reaction} ms to fall silent (p99); ${end}`,
    '',
    `  calls per core       ${bold(advice.perCore)} with all processes (${per(advice.perCoreOf)})`,
    `  CPU per call-second  ${bold(`${ms(totalCpu(best))} ms`)}`,
    `  one way, p50/95/99   up ${bold(triple(best.up))}, down ${bold(triple(best.down))} ms`,
    `  falls silent         ${bold(triple(best.reaction))} ms after the model heard the caller`,
    `  set-up               webhook ${ms(webhook.p50)} ms, the caller is heard after ${bold(triple(setUp))} ms`,
    `  memory per call      edge and worker: ${bold(memory('peakBytes'))} at the peak, ${bold(memory('heldBytes'))} alive, ${memory('leftBytes')} after it ended`,
    `  longest GC pause     ${node.map(([name, {longestPause}]) => `${name} ${bold(`${ms(longestPause)} ms`)}`).join(', ')}`,
    `  threads busy         ${node.map(([name, {threadBusy}]) => `${name} ${percent(threadBusy ?? 0)}`).join(', ')}; machine ${percent(machine.busy)}, of it phones and model ${percent(machine.load)}`,
    '',
    `  ${bold('Set')} MAX_CALLS=${bold(advice.together)} where all processes share a machine like this; add processes at ${bold(advice.scaleAt)} calls.`,
    `  With a core for itself: MAX_CALLS=${bold(advice.worker)} for a worker, ${bold(advice.edge)} for an edge. An autoscaler adds one at 70 % of it.`,
    ...warnings(best),
  ].join('\n');
}

/** What makes these figures doubtful. */
function warnings({machine: {others, stolen, late, cores}}: Measurement): string[] {
  const warn = (text: string) => styleText('yellow', `  ! ${text}`);
  return [
    ...(others + stolen > MUCH
      ? [
          warn(
            `other work took ${percent(others + stolen)} of the machine: trust ratios only, and measure again when it is quiet`,
          ),
        ]
      : []),
    ...(late > 5 ? [warn(`phones and model were ${ms(late)} ms late at p99, which is part of the times above`)] : []),
    ...(cores < 4 ? [warn(`phones and model share ${cores} cores with what they measure`)] : []),
  ];
}

function triple({p50, p95, p99}: Percentiles): string {
  return `${ms(p50)}/${ms(p95)}/${ms(p99)}`;
}
