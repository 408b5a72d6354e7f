/**
 * The name of a column in the database: `tStopMs` is `t_stop_ms`. The same rule as Kysely's `CamelCasePlugin` applies.
 */
export function columnName(name: string): string {
  return name.replaceAll(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);
}
