/** A table in Markdown; all columns but the first are numbers. */
export function table(heads: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  return [line(heads), line(heads.map((_, column) => (column === 0 ? '---' : '--:'))), ...rows.map(line)].join('\n');
}

export const ms = (figure: number) => `${figure.toFixed(1)} ms`;
export const megabytes = (bytes: number) => `${(bytes / 1_000_000).toFixed(0)} MB`;
export const kilobytes = (bytes: number) => `${(bytes / 1_000).toFixed(1)} kB`;
