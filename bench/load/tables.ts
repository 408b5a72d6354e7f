import {type Measurement, median, totalCpu} from './measurement.ts';
import type {Percentiles} from './percentiles.ts';

/** A measurement, and of which bridge. */
export interface Measured {
  readonly bridge: string;
  readonly figures: Measurement;
}

/** All that was measured, as Markdown. */
export function tableOf(measured: readonly Measured[]): string {
  const latencies = [
    ['bridge', 'calls', 'up, ms (p50 / p95 / p99)', 'down, ms', 'reaction, ms', 'set-up, ms', 'frames lost, twice'],
    ...measured.map(({bridge, figures: {calls, up, down, reaction, setUp, frames, refused, dropped}}) => {
      const calling = refused + dropped === 0 ? '' : `, ${refused} calls refused, ${dropped} dropped`;
      return [
        bridge,
        calls,
        way(up),
        way(down),
        way(reaction),
        way(setUp),
        `${frames.lost}, ${frames.twice} of ${frames.sent}${calling}`,
      ];
    }),
  ];
  const costs = [
    [
      'bridge',
      'calls',
      'process',
      'CPU, ms per call-second',
      'idle, ms a second',
      'thread busy',
      'memory per call, KiB (peak, held, left)',
      'longest GC pause, ms',
    ],
    ...measured.flatMap(({bridge, figures}) => [
      ...Object.entries(figures.processes).map(([name, of]) => [
        bridge,
        figures.calls,
        name,
        ms(of.cpuMs),
        ms(of.idleMs),
        of.threadBusy === undefined ? '–' : percent(of.threadBusy),
        `${kib(of.peakBytes)}, ${kib(of.heldBytes)}, ${kib(of.leftBytes)}`,
        ms(of.longestPause),
      ]),
      [
        bridge,
        figures.calls,
        '**all**',
        `**${ms(totalCpu(figures))}**`,
        '',
        `machine ${percent(figures.machine.busy)}: bridge ${percent(figures.machine.bridge)}, load ${percent(figures.machine.load)}, others ${percent(figures.machine.others + figures.machine.stolen)}; load late ${ms(figures.machine.late)} ms`,
        '',
        '',
      ],
    ]),
  ];
  return `${markdown(latencies)}\n\n${markdown(costs)}`;
}

/** For each number of calls: the processor time of ours by that of the other. '' if there is no other. */
export function ratioLine(measured: readonly Measured[]): string {
  const all = [...new Set(measured.map(({figures}) => figures.calls))].toSorted((a, b) => a - b);
  const lines = all.flatMap(calls => {
    const of = (name: string) =>
      measured
        .filter(({bridge, figures}) => bridge === name && figures.calls === calls)
        .map(({figures}) => totalCpu(figures));
    const [ours, other] = [of('ours'), of('other')];
    if (ours.length === 0 || other.length === 0) return [];
    const pairs = ours.map((each, index) => each / (other[index] ?? Number.NaN));
    const spread = pairs.length > 1 ? ` (pairs: ${pairs.map(each => each.toFixed(2)).join(', ')})` : '';
    return [
      `${calls} calls: ours takes ${ms(median(ours))} ms of processor time per call-second, the other ${ms(median(other))}: ${median(pairs).toFixed(2)} times as much${spread}`,
    ];
  });
  return lines.join('\n');
}

function markdown([head = [], ...rows]: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function way({p50, p95, p99}: Percentiles): string {
  return `${ms(p50)} / ${ms(p95)} / ${ms(p99)}`;
}

/** Milliseconds with as many digits as matter. */
export function ms(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '–';
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

export function kib(bytes: number | undefined): string {
  return bytes === undefined ? '–' : String(Math.round(bytes / 1_024));
}
