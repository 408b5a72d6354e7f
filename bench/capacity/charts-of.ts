import {type Measurement, totalCpu} from '../load/measurement.ts';
import type {Chart, Series} from './chart.ts';
import type {Bounds} from './ramp.ts';

/** All that a ramp measured, to be drawn. `other`: another bridge at the same numbers of calls; empty if there is none. */
export function chartsOf(ours: readonly Measurement[], other: readonly Measurement[], bounds: Bounds): Chart[] {
  const names = Object.keys(ours[0]?.processes ?? {});
  const line = (name: string, of: (figures: Measurement) => number | undefined): Series => ({
    name,
    points: ours.map(figures => [figures.calls, of(figures)]),
  });
  const theirs = (name: string, of: (figures: Measurement) => number | undefined): Series[] =>
    other.length === 0 ? [] : [{name, other: true, points: other.map(figures => [figures.calls, of(figures)])}];
  const node = names.filter(name => ours.some(({processes}) => processes[name]?.threadBusy !== undefined));
  const mb = (of: 'peakBytes' | 'heldBytes') => (figures: Measurement) =>
    Object.values(figures.processes).reduce((sum, each) => sum + (each[of] ?? 0), 0) / 2 ** 20;
  return [
    {
      title: 'Processor time',
      unit: 'ms per call-second',
      series: [
        line('all', totalCpu),
        ...['worker', 'edge', 'redis'].map(name => line(name, ({processes}) => processes[name]?.cpuMs)),
        ...theirs('the other', totalCpu),
      ],
    },
    {
      title: 'One way, p99',
      unit: 'ms',
      bound: bounds.oneWay,
      series: [
        line('up', ({up}) => up.p99),
        line('down', ({down}) => down.p99),
        ...theirs('other, up', ({up}) => up.p99),
        ...theirs('other, down', ({down}) => down.p99),
      ],
    },
    {
      title: 'Falls silent',
      unit: 'ms after the model heard the caller',
      bound: bounds.reaction,
      series: [
        line('p99', ({reaction}) => reaction.p99),
        line('p50', ({reaction}) => reaction.p50),
        ...theirs('other, p99', ({reaction}) => reaction.p99),
      ],
    },
    {
      title: 'Memory',
      unit: 'MB per call, all processes',
      series: [
        line('peak', mb('peakBytes')),
        line('alive', mb('heldBytes')),
        ...theirs('other, peak', mb('peakBytes')),
      ],
    },
    {
      title: 'Longest garbage-collection pause',
      unit: 'ms',
      series: [
        ...node.map(name => line(name, ({processes}) => processes[name]?.longestPause)),
        ...theirs('the other', ({processes}) => processes['bridge']?.longestPause),
      ],
    },
    {
      title: 'Busy',
      unit: '% of its thread, or of the machine',
      series: [
        ...node.map(name => line(name, ({processes}) => 100 * (processes[name]?.threadBusy ?? 0))),
        line('machine', ({machine}) => 100 * machine.busy),
      ],
    },
  ];
}
