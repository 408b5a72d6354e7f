import type {Member} from './fleet.ts';

/** So many, taken at random, compete: load spreads, and no two askers flock to one, though figures are a second old. */
const FEW = 3;

/** How full a member says it is: 0 empty, 1 full. */
export function loadOf({calls, capacity}: Member): number {
  return capacity > 0 ? calls / capacity : 1;
}

/**
 * The least loaded of a random few, and a random one of those that are equally loaded; undefined when there are none.
 * `random`: from 0 up to, but not including, 1.
 */
export function leastLoaded(members: readonly Member[], random: () => number): Member | undefined {
  const left = [...members];
  const few: Member[] = [];
  while (few.length < FEW && left.length > 0) few.push(...left.splice(Math.floor(random() * left.length), 1));
  return few.toSorted((a, b) => loadOf(a) - loadOf(b))[0];
}

/**
 * One at random, the likelier the more places it has free; undefined when there are none. For the calls of a dead worker:
 * they come by the dozen, and are heard again the sooner the more processes take them.
 */
export function withRoom(members: readonly Member[], random: () => number): Member | undefined {
  const room = ({calls, capacity}: Member) => Math.max(capacity - calls, 0);
  let left = random() * members.reduce((sum, member) => sum + room(member), 0);
  return members.find(member => (left -= room(member)) < 0) ?? members.at(-1);
}
