/** The shares that are shown. */
export interface Plan {
  readonly calls: number;
  readonly repetitions: number;
  /** How old calls are made, in minutes. */
  readonly ages: readonly number[];
}

/** A row of the table: measurement, goal, result. */
export interface Row {
  readonly what: string;
  readonly goal: string;
  readonly result: string;
}

/** `p50 31 ms, p99 80 ms, max 91 ms of 640`; for no values, that there were none. */
export function spread(values: readonly number[]): string {
  if (values.length === 0) return 'nothing to measure';
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.ceil(sorted.length * share) - 1] ?? 0);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms of ${values.length}`;
}

/** A Markdown table. */
export function tableOf(rows: readonly Row[]): string {
  const lines = rows.map(({what, goal, result}) => `| ${what} | ${goal} | ${result} |`);
  return ['| | goal | measured |', '| --- | --- | --- |', ...lines].join('\n');
}
