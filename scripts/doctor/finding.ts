/** `fine`: as it should be. `skipped`: nothing to check. `warning`: works, and may fail one day. `broken`: calls fail. */
export type Level = 'fine' | 'skipped' | 'warning' | 'broken';

/** One thing that a check found. No text holds a secret. */
export interface Finding {
  readonly level: Level;
  readonly what: string;
  /** What to do about it. */
  readonly cure?: string;
}

/** A part of the system to look at. A rejection counts as broken. */
export interface Check {
  /** What is looked at, in a word or two. */
  readonly name: string;
  run(): Promise<readonly Finding[]>;
}

export const fine = (what: string): Finding => ({level: 'fine', what});
export const skipped = (what: string): Finding => ({level: 'skipped', what});
export const warning = (what: string, cure: string): Finding => ({level: 'warning', what, cure});
export const broken = (what: string, cure: string): Finding => ({level: 'broken', what, cure});
