import {s} from './dom.js';

/** So many pixels for a letter, about, in the size that the style sheet gives them. */
export const LETTER = 6.2;
/** So many names at most in one label; how many more there are is said. */
const NAMES = 3;

/**
 * Names over what has too little room for them: names that would lie on each other become one label, in their order.
 * `items`: {name, x}, from left to right; `place`: the other attributes of each text.
 */
export function labels(items, place) {
  const groups = [];
  for (const {name, x} of items) {
    const last = groups.at(-1);
    if (last && x < last.x + (textOf(last.names).length + 1) * LETTER) last.names.push(name);
    else groups.push({x, names: [name]});
  }
  return groups.map(({x, names}) => s('text', {...place, x, class: 'lane-label'}, textOf(names)));
}

/** `find_table, book_table ×2 and 3 more` */
function textOf(names) {
  const times = new Map();
  for (const name of names) times.set(name, (times.get(name) ?? 0) + 1);
  const texts = [...times].map(([name, number]) => (number === 1 ? name : `${name} ×${number}`));
  const rest = texts.length - NAMES;
  return rest > 0 ? `${texts.slice(0, NAMES).join(', ')} and ${rest} more` : texts.join(', ');
}
