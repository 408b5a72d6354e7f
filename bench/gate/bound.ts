/**
 * The processor time of a call through all our processes and Redis may be so many times that of the plain bridge. Tightened
 * whenever the frame path gets cheaper; never an absolute time, which says more about the machine. Pairs on a quiet machine tell
 * 2.9 to 4.1, by how cheap plain happens to be.
 */
export const MOST_TIMES_PLAIN = 4.2;

/** Ours and the plain bridge, measured one after the other. */
export interface Pair {
  /** Processor time per call-second of ours by that of plain. */
  readonly ratio: number;
  /** Share of the machine that other work took meanwhile, 0 to 1. */
  readonly others: number;
}

/** With more of it processes wait for the processor, do more at once, and both figures mean something else. */
const DISTURBED = 0.3;

/** The cheapest pair counts, of those that were not disturbed if there are any. */
export function judge(pairs: readonly Pair[], most: number): {readonly passed: boolean; readonly ratio: number} {
  const quiet = pairs.filter(({others}) => others <= DISTURBED);
  const ratio = Math.min(...(quiet.length > 0 ? quiet : pairs).map(pair => pair.ratio).filter(Number.isFinite));
  return {passed: ratio <= most, ratio};
}

/** Whether another pair is needed: none was both quiet and within the bound. */
export function isOpen(pairs: readonly Pair[], most: number): boolean {
  return !pairs.some(({ratio, others}) => ratio <= most && others <= DISTURBED);
}
