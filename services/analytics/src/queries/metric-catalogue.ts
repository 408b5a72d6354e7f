import {FAILOVER_FIGURES} from '@voicebridge/shared/cdr/failover-figures.ts';
import type {Definition, Figures} from '@voicebridge/shared/cdr/figure.ts';
import {INTERRUPTION_FIGURES} from '@voicebridge/shared/cdr/interruption-figures.ts';
import {TOOL_CALL_FIGURES} from '@voicebridge/shared/cdr/tool-call-figures.ts';
import {TURN_FIGURES} from '@voicebridge/shared/cdr/turn-figures.ts';
import type {Kind} from '../database/deleted-before.ts';
import {CALL_METRICS} from './call-metrics.ts';

type Source = 'calls' | 'turns' | 'interruptions' | 'toolCalls' | 'failovers';

/** Something that can be counted and measured. `null` values are left out of every figure, never taken as zero. */
export interface Metric {
  readonly title: string;
  readonly unit: 'ms' | 'count' | 'tokens' | 'usd';
  /** The table that holds its values. */
  readonly of: Source;
  readonly column: string;
  readonly about: string;
  readonly definition: Definition;
}

type MetricNameOf<All extends Figures> = {
  [Name in keyof All]: All[Name] extends {metric: {name: infer Metric extends string}} ? Metric : never;
}[keyof All];

/** The metrics among the figures of a record, whose rows are in the table `of`. */
export function metricsOf<const All extends Figures>(of: Source, figures: All): Record<MetricNameOf<All>, Metric>;
export function metricsOf(of: Source, figures: Figures): Record<string, Metric> {
  return Object.fromEntries(
    Object.values(figures).flatMap(({metric, kind, column, about}): [string, Metric][] => {
      if (!metric) return [];
      const {name, title, definition} = metric;
      const unit = kind.is === 'count' ? 'count' : 'ms';
      return [[name, {of, column, unit, title, about: metric.about ?? about, definition}]];
    }),
  );
}

function metricsOfCalls(): Record<keyof typeof CALL_METRICS, Metric>;
function metricsOfCalls(): Record<string, Metric> {
  return Object.fromEntries(Object.entries(CALL_METRICS).map(([name, metric]) => [name, {of: 'calls', ...metric}]));
}

/** Every metric by the name that the API knows it by. */
export const METRICS = {
  ...metricsOf('turns', TURN_FIGURES),
  ...metricsOfCalls(),
  ...metricsOf('interruptions', INTERRUPTION_FIGURES),
  ...metricsOf('toolCalls', TOOL_CALL_FIGURES),
  ...metricsOf('failovers', FAILOVER_FIGURES),
} satisfies Readonly<Record<string, Metric>>;

export type MetricName = keyof typeof METRICS;
export const METRIC_NAMES = Object.keys(METRICS).filter((name): name is MetricName => Object.hasOwn(METRICS, name));

/** Of these only the count says anything: their column is a number that each row has. */
export const countsOnly = (metric: MetricName) => metric === 'calls' || metric === 'turns';

/** What has to be kept for the values of a metric to be there. */
export const kindOf = (metric: MetricName): Kind => (METRICS[metric].of === 'calls' ? 'calls' : 'turns');

/** The names by which the metrics of each table can be split, and the column of each. */
export const GROUPS: Readonly<Record<Source, Readonly<Record<string, string>>>> = (() => {
  const facets = {assistant: 'assistant', version: 'assistantVersion', worker: 'worker', model: 'model'};
  return {
    calls: {
      ...facets,
      ring: 'ringOutcome',
      edge: 'edge',
      endReason: 'endReason',
      endedBy: 'endedBy',
      direction: 'direction',
      via: 'via',
    },
    turns: {...facets, cause: 'cause', responseStatus: 'responseStatus'},
    interruptions: {...facets, false: 'falseInterruption', refused: 'refused'},
    toolCalls: {...facets, tool: 'name', ok: 'ok', outcome: 'outcome'},
    failovers: {...facets, kind: 'kind'},
  };
})();
