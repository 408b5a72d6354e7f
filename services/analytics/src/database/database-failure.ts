/** What has to happen after a failed statement. */
export type DatabaseFailure =
  /** The record is at fault: it will never be stored. */
  | 'record'
  /** The statement is at fault, or two statements conflicted: others may succeed, and this one may later. */
  | 'statement'
  /** The database is away, full or restarting: everything fails until it is back. */
  | 'database';

/**
 * PostgreSQL names its failures by class: 22 is data it cannot hold, 23 a rule of a table, 42 and 0A a statement it
 * does not understand, 40 a transaction rolled back because of another. An error without such a code comes from the
 * connection, and the record must wait.
 */
export function failureOf(thrown: unknown): DatabaseFailure {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  if (typeof code !== 'string' || !/^[0-9A-Z]{5}$/.test(code)) return 'database';
  if (/^2[23]/.test(code)) return 'record';
  return /^(42|0A|40)/.test(code) ? 'statement' : 'database';
}
