/**
 * The processor time of a call through all our processes and Redis may be so many times that of the plain bridge. Tightened
 * whenever the frame path gets cheaper; never an absolute time, which says more about the machine.
 */
export const MOST_TIMES_PLAIN = 5;

/** How the pairs of a run, each ours by plain, are judged: the cheapest counts, since other work makes a pair dearer. */
export function judge(ratios: readonly number[], most: number): {readonly passed: boolean; readonly ratio: number} {
  const ratio = Math.min(...ratios.filter(Number.isFinite));
  return {passed: ratio <= most, ratio};
}
