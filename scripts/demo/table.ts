import {stripVTControlCharacters} from 'node:util';
import {bold, dim} from './screen.ts';

/** A line of a table: what it is about, and a value for each column. */
export interface Row {
  readonly label: string;
  readonly values: readonly string[];
}

const GAP = 3;

/** A table with a heading for each column; where it does not fit, one list for each column. */
export function tableLines(headings: readonly string[], rows: readonly Row[], width: number): string[] {
  const first = Math.max(...rows.map(({label}) => label.length));
  const columns = headings.map((heading, index) =>
    Math.max(visible(heading), ...rows.map(({values}) => visible(values[index] ?? ''))),
  );
  const wanted = first + columns.reduce((sum, column) => sum + GAP + column, 0);
  if (wanted > width) return listLines(headings, rows, first);
  const line = (label: string, values: readonly string[]) =>
    [dim(label.padEnd(first)), ...values.map((value, index) => pad(value, columns[index] ?? 0))]
      .join(' '.repeat(GAP))
      .trimEnd();
  return [line('', headings), ...rows.map(({label, values}) => line(label, values))];
}

function listLines(headings: readonly string[], rows: readonly Row[], first: number): string[] {
  return headings.flatMap((heading, index) => [
    ...(index > 0 ? [''] : []),
    bold(heading),
    ...rows.flatMap(({label, values}) => {
      const value = values[index] ?? '';
      return value === '' ? [] : [`${dim(label.padEnd(first))} ${value}`];
    }),
  ]);
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - visible(text)));
}

function visible(text: string): number {
  return stripVTControlCharacters(text).length;
}
