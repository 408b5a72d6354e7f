import {moment} from './format.js';

/** What stands with a figure, where there is no room for a sentence. */
export const inShort = ({missingBefore}) => (missingBefore ? `since ${moment(missingBefore)}` : undefined);

/** What an answer lacks, as a sentence; nothing, usually. What is older than its retention has been deleted. */
const missingFrom = ({missingBefore}) =>
  missingBefore ? `Older figures have been deleted: these begin on ${moment(missingBefore)}.` : undefined;

const isSameTime = ([a, b]) => a.filter.from === b.filter.from && a.filter.to === b.filter.to;

/**
 * The answers about each set, to be shown together. `tell` gets what they lack. A whole time is not compared with a part of
 * another one: then the second answer is left out. `tell` gets each sentence, and the same in short.
 */
export function together(sets, answers, tell = () => {}) {
  const [a, b] = answers;
  const lack = missingFrom(a);
  if (lack) tell(lack, inShort(a));
  if (!b || isSameTime(sets) || (!a.missingBefore && !b.missingBefore)) return answers;
  tell(`There is no comparison: not all figures of ${sets[1].label} are kept.`, 'no comparison');
  return [a];
}
