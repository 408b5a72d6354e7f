import type {Millis} from '@voicebridge/shared/time.ts';
import {callMetrics} from './call-metrics.ts';
import type {Alert, CallReport} from './call-report.ts';
import type {Lag} from '../timer-wheel.ts';

/** Above this lateness at p99 the simulator measures itself. */
export const LAG_LIMIT: Millis = 5;

/** Many reports as a text for people, and whether all is well: no violation, no alert, and everybody heard something. */
export function callsSummary(reports: readonly CallReport[], lag: Lag): {text: string; ok: boolean} {
  const metrics = reports.map(report => callMetrics(report));
  const silent = reports.filter(report => report.firstAudioMs === undefined).length;
  const violations = reports.flatMap(report => report.violations);
  const failures = reports.flatMap(report => report.alerts.filter(alert => !report.violations.includes(alert)));
  const streams = reports.flatMap(report => report.streams);
  const cutOff = reports.filter(({endedBy}) => endedBy === 'twilio').length;
  const lines = [
    `calls                 ${reports.length}, ${silent} without a word from the assistant, ${cutOff} cut off`,
    `ended                 ${tally(reports.map(({endedBy, reason}) => `${endedBy} (${reason})`))}`,
    `streams               ${streams.length}, ${total(streams.map(({sentFrames}) => sentFrames))} frames sent, ` +
      `${seconds(total(streams.map(({playedBytes}) => playedBytes)))} heard, ` +
      `${total(streams.map(({clears}) => clears.length))} clears`,
    `first audio           ${quantiles(metrics.flatMap(({firstAudioMs}) => firstAudioMs ?? []))}`,
    `answer after speech   ${quantiles(metrics.flatMap(({answerMs}) => answerMs))}`,
    `silent after barge-in ${quantiles(metrics.flatMap(call => call.interruptions.map(({silentAfterMs}) => silentAfterMs)))}`,
    `gaps between streams  ${quantiles(reports.flatMap(({gaps}) => gaps.map(({ms}) => ms)))}`,
    `webhooks              ${quantiles(reports.flatMap(({webhooks}) => webhooks.map(({ms}) => ms)))}`,
    `simulator's own lag   p50 ${lag.p50.toFixed(1)} ms, p99 ${lag.p99.toFixed(1)} ms, max ${lag.max.toFixed(1)} ms` +
      (lag.p99 > LAG_LIMIT ? ': TOO SLOW, these numbers are void' : ''),
    ...listed('violation', violations),
    ...listed('failure', failures),
  ];
  return {text: lines.join('\n'), ok: violations.length + failures.length + silent + cutOff === 0};
}

function listed(word: string, alerts: readonly Alert[]): string[] {
  const counts = new Map<string, number>();
  for (const {code, detail, count} of alerts) {
    const name = `${code} ${detail}`;
    counts.set(name, (counts.get(name) ?? 0) + count);
  }
  const lines = [...counts].slice(0, 20).map(([name, count]) => `${word}  ${count} x ${name}`);
  return counts.size > 20 ? [...lines, `${word}  and ${counts.size - 20} more kinds`] : lines;
}

function quantiles(values: readonly Millis[]): string {
  if (values.length === 0) return 'none';
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms (${values.length})`;
}

function tally(names: readonly string[]): string {
  const counts = Map.groupBy(names, name => name);
  return [...counts].map(([name, {length}]) => `${length} by ${name}`).join(', ');
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function seconds(bytes: number): string {
  return `${(bytes / 8000).toFixed(1)} s`;
}
