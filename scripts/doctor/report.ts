import {styleText} from 'node:util';
import {bad, bold, dim, good, wrap} from '../demo/screen.ts';
import type {Finding, Level} from './finding.ts';
import type {Checked} from './run-checks.ts';

const SIGNS: Readonly<Record<Level, string>> = {
  fine: good('✓'),
  skipped: dim('-'),
  warning: styleText('yellow', '!'),
  broken: bad('✗'),
};
const NAME_WIDTH = 15;

/** A line for each finding, and its cure below it. */
export function checkedLines({name, findings}: Checked, width: number): string[] {
  return findings.flatMap((finding, index) => findingLines(index === 0 ? name : '', finding, width));
}

function findingLines(name: string, {level, what, cure}: Finding, width: number): string[] {
  const indent = 2 + 2 + NAME_WIDTH + 1;
  const paint = level === 'skipped' ? dim : (text: string) => text;
  const told = wrap(what, width - indent).map(paint);
  const cured =
    cure === undefined ? [] : wrap(cure, width - indent - 2).map((line, n) => dim(`${n === 0 ? '→' : ' '} ${line}`));
  const head = `  ${SIGNS[level]} ${bold(name.padEnd(NAME_WIDTH))} `;
  return [...told, ...cured].map((line, index) => (index === 0 ? head : ' '.repeat(indent)) + line);
}

/** How many findings of each level there are. */
export function countsOf(all: readonly Checked[]): Readonly<Record<Level, number>> {
  const counts = {fine: 0, skipped: 0, warning: 0, broken: 0};
  for (const {findings} of all) for (const {level} of findings) counts[level] += 1;
  return counts;
}

/** `1 broken, 2 warnings, 9 fine` */
export function summaryLine(all: readonly Checked[]): string {
  const {broken, warning, fine} = countsOf(all);
  const parts = [
    ...(broken > 0 ? [bad(`${broken} broken`)] : []),
    ...(warning > 0 ? [styleText('yellow', `${warning} ${warning === 1 ? 'warning' : 'warnings'}`)] : []),
    good(`${fine} fine`),
  ];
  return parts.join(', ');
}

/** The answer of `--json`. */
export function reportJson(all: readonly Checked[]): object {
  const {broken, warning} = countsOf(all);
  return {
    ok: broken === 0,
    broken,
    warnings: warning,
    checks: all.map(({name, findings, took}) => ({name, tookMs: Math.round(took), findings})),
  };
}
