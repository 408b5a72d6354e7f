import type {Member} from './fleet.ts';

/** So many, taken at random, compete: load spreads, and no two askers flock to one, though figures are a second old. */
const FEW = 3;

/** How full a member says it is: 0 empty, 1 full. */
export function loadOf({calls, capacity}: Member): number {
  return capacity > 0 ? calls / capacity : 1;
}

/** The least loaded of a random few; undefined when there are none. `random`: from 0 up to, but not including, 1. */
export function leastLoaded(members: readonly Member[], random: () => number): Member | undefined {
  const few = [...members];
  while (few.length > FEW) few.splice(Math.floor(random() * few.length), 1);
  return few.toSorted((a, b) => loadOf(a) - loadOf(b))[0];
}
