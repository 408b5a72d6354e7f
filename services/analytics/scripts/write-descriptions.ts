/**
 * Writes what is made from the descriptions of figures and end reasons: the tables of docs/METRICS.md, and the list of
 * end reasons that the dashboard loads. `npm run format` runs it; a test fails while a file is out of date.
 */
import {readFile, writeFile} from 'node:fs/promises';
import {END_REASONS} from '@voicebridge/shared/cdr/end-reasons.ts';
import {FAILOVER_FIGURES} from '@voicebridge/shared/cdr/failover-figures.ts';
import type {Definition, Figures} from '@voicebridge/shared/cdr/figure.ts';
import {INTERRUPTION_FIGURES} from '@voicebridge/shared/cdr/interruption-figures.ts';
import {TOOL_CALL_FIGURES} from '@voicebridge/shared/cdr/tool-call-figures.ts';
import {TURN_FIGURES} from '@voicebridge/shared/cdr/turn-figures.ts';
import {columnName} from '../src/database/column-name.ts';
import {CALL_METRICS} from '../src/queries/call-metrics.ts';
import {metricsOf} from '../src/queries/metric-catalogue.ts';

export const METRICS_PAGE = new URL('../../../docs/METRICS.md', import.meta.url);
export const DASHBOARD_END_REASONS = new URL('../dashboard/end-reasons.js', import.meta.url);

/** The page with a fresh table between the two markers `<!-- name -->` of each table. */
export function metricsPage(page: string): string {
  return Object.entries(tables()).reduce((text, [name, table]) => {
    const marker = `<!-- ${name} -->`;
    const [before, , after, ...more] = text.split(marker);
    if (before === undefined || after === undefined || more.length > 0)
      throw new Error(`docs/METRICS.md needs ${marker} exactly twice`);
    return `${before}${marker}\n\n${table}\n\n${marker}${after}`;
  }, page);
}

function tables(): Readonly<Record<string, string>> {
  return {
    'metrics of turns': metricsTable(metricsOf('turns', TURN_FIGURES)),
    'fields of turns': fieldsTable(TURN_FIGURES),
    'metrics of interruptions': metricsTable(metricsOf('interruptions', INTERRUPTION_FIGURES)),
    'fields of interruptions': fieldsTable(INTERRUPTION_FIGURES),
    'metrics of calls': metricsTable(CALL_METRICS),
    'end reasons': endReasonsTable(),
    'metrics of tool calls and failovers': metricsTable({
      ...metricsOf('toolCalls', TOOL_CALL_FIGURES),
      ...metricsOf('failovers', FAILOVER_FIGURES),
    }),
    'fields of tool calls': fieldsTable(TOOL_CALL_FIGURES),
    'fields of failovers': fieldsTable(FAILOVER_FIGURES),
  };
}

interface Described {
  readonly column: string;
  readonly definition: Definition;
}

export function metricsTable(metrics: Readonly<Record<string, Described>>): string {
  const rows = Object.entries(metrics).map(([name, {column, definition}]) => {
    const {whose, from, to, clock, unseen} = definition;
    return [code(name), code(columnName(column)), whose, from, to, clock, unseen];
  });
  return tableOf(['API name', 'column', 'name and whose', 'from', 'to', 'clock, unit', 'cannot see'], rows);
}

/** The figures that are no metrics. */
export function fieldsTable(figures: Figures): string {
  const rows = Object.entries(figures).flatMap(([name, {kind, column, about, metric}]) =>
    metric
      ? []
      : [
          [
            code(name),
            code(column),
            code(columnName(column)),
            kind.is === 'position' ? 'ms since `startedAt`' : kind.is,
            kind.words ? `${about}: ${kind.words.map(code).join(', ')}` : about,
          ],
        ],
  );
  return tableOf(['field of the record', 'in the API and in CSV', 'column', 'kind', 'meaning'], rows);
}

function endReasonsTable(): string {
  const rows = Object.entries(END_REASONS).map(([reason, {endedBy, isFailure, meaning}]) => [
    code(reason),
    endedBy,
    isFailure ? 'yes' : 'no',
    meaning,
  ]);
  return tableOf(['reason', 'ended by', 'failure', 'what happened'], rows);
}

const code = (text: string) => `\`${text}\``;

/** A Markdown table with its columns aligned, as the formatter leaves it. What is undefined is shown as a dash. */
function tableOf(head: readonly string[], rows: readonly (readonly (string | undefined)[])[]): string {
  const cells = [head, ...rows.map(row => row.map(cell => (cell ?? '–').replaceAll('|', '\\|')))];
  const widths = head.map((_, column) => Math.max(3, ...cells.map(row => row[column]?.length ?? 0)));
  const line = (row: readonly string[], fill = ' ') =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0, fill)).join(' | ')} |`;
  const [title = [], ...body] = cells;
  return [
    line(title),
    line(
      head.map(() => ''),
      '-',
    ),
    ...body.map(row => line(row)),
  ].join('\n');
}

/** A module for the browser. */
export function dashboardEndReasons(): string {
  const entries = Object.entries(END_REASONS).map(
    ([reason, {endedBy, isFailure}]) =>
      `  '${reason}': {\n    endedBy: '${endedBy}',\n    isFailure: ${isFailure},\n  },`,
  );
  return [
    '// Generated from libs/shared/src/cdr/end-reasons.ts: npm run format',
    '',
    '/** How a call can end: who ended it, and whether it counts as a failure. */',
    'export const END_REASONS = {',
    ...entries,
    '};',
    '',
  ].join('\n');
}

if (import.meta.main) {
  await writeFile(METRICS_PAGE, metricsPage(await readFile(METRICS_PAGE, 'utf8')));
  await writeFile(DASHBOARD_END_REASONS, dashboardEndReasons());
}
