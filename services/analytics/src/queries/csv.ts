import {tidy} from './tidy-number.ts';

/** The value of a cell. */
export type Cell = string | number | boolean | null | undefined;

/**
 * One line of RFC 4180. A text that a spreadsheet would run as a formula gets an apostrophe in front. Numbers are
 * written without quotes, so that a negative number stays a number.
 */
export function csvLine(cells: readonly Cell[]): string {
  return `${cells.map(written).join(',')}\r\n`;
}

function written(cell: Cell): string {
  if (typeof cell === 'string') return quoted(harmless(cell));
  return String(typeof cell === 'number' ? tidy(cell) : (cell ?? ''));
}

function harmless(text: string): string {
  return /^\s*[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20|%]/.test(text) ? `'${text}` : text;
}

function quoted(text: string): string {
  return /[",\r\n;]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Rows with the same keys, with a header. */
export function* csvOf(rows: Iterable<Readonly<Record<string, Cell>>>, columns: readonly string[]): Generator<string> {
  yield csvLine(columns);
  for (const row of rows) yield csvLine(columns.map(column => row[column]));
}
