import type {Member} from './fleet.ts';

/**
 * The number of randomly drawn candidates. With few of them a burst does not all go to one worker, although figures are
 * a second old.
 */
const FEW = 3;

/** How full a member is by its announcement: 0 empty, 1 full. */
export function loadOf({calls, capacity}: Member): number {
  return capacity > 0 ? calls / capacity : 1;
}

/**
 * The least loaded of a random few members, and a random one of those that are equally loaded; undefined if there are
 * no members. `random` returns numbers in [0, 1).
 */
export function leastLoaded(members: readonly Member[], random: () => number): Member | undefined {
  const left = [...members];
  const few: Member[] = [];
  while (few.length < FEW && left.length > 0) few.push(...left.splice(Math.floor(random() * left.length), 1));
  return few.toSorted((a, b) => loadOf(a) - loadOf(b))[0];
}

/**
 * A random member, weighted by its free places; undefined if there are none. For the calls of a dead worker: dozens
 * move at once, and the more processes share them, the sooner callers are heard again.
 */
export function withRoom(members: readonly Member[], random: () => number): Member | undefined {
  const room = ({calls, capacity}: Member) => Math.max(capacity - calls, 0);
  let left = random() * members.reduce((sum, member) => sum + room(member), 0);
  return members.find(member => (left -= room(member)) < 0) ?? members.at(-1);
}

/**
 * The members that can do their work. If all are in trouble, all of them: then it is nobody's own fault, such as a model
 * that is down for everybody, and a call must be told so by somebody.
 */
export function wellOrAll<Each extends Pick<Member, 'trouble'>>(members: readonly Each[]): readonly Each[] {
  const well = members.filter(({trouble}) => trouble === undefined);
  return well.length > 0 ? well : members;
}
