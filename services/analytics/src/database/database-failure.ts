/** What a failed statement says about trying it again. */
export type DatabaseFailure =
  /** The record is at fault: it will fail for ever. */
  | 'record'
  /** The statement is at fault, or two were in each other's way: others may succeed, and this one later. */
  | 'statement'
  /** The database is away, full or restarting: everything fails until it is back. */
  | 'database';

/**
 * PostgreSQL names its failures by class: 22 is data it cannot hold, 23 a rule of a table, 42 and 0A a statement it
 * does not understand, 40 a transaction rolled back because of another. Whatever has no such code came from the way
 * there, and the record must wait.
 */
export function failureOf(thrown: unknown): DatabaseFailure {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  if (typeof code !== 'string' || !/^[0-9A-Z]{5}$/.test(code)) return 'database';
  if (/^2[23]/.test(code)) return 'record';
  return /^(42|0A|40)/.test(code) ? 'statement' : 'database';
}
