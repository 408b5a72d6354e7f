/** An unknown name, and the known name that was probably meant. */
export interface Misspelt {
  readonly name: string;
  readonly meant: string;
}

/** A name with more wrong letters is another name. */
const MOST_WRONG = 2;
/** In a name this short, one wrong letter is a typo and two make another name: HOME is not HOST. */
const SHORT = 5;

/**
 * The names that differ from a known one by up to two letters (wrong, missing, extra or swapped) or by case. A known
 * name is never a typo.
 */
export function misspelt(names: readonly string[], ours: readonly string[]): Misspelt[] {
  return names
    .filter(name => !ours.includes(name))
    .flatMap(name => {
      const upper = name.toUpperCase();
      const near = ours
        .filter(({length}) => Math.abs(length - name.length) <= MOST_WRONG)
        .map(meant => ({name, meant, wrong: editDistance(upper, meant)}))
        .filter(({meant, wrong}) => wrong <= (meant.length <= SHORT ? 1 : MOST_WRONG))
        .toSorted((a, b) => a.wrong - b.wrong);
      return near.slice(0, 1).map(({meant}) => ({name, meant}));
    });
}

/**
 * How many letters must be changed, added, removed or swapped with their neighbour; Infinity: more than `MOST_WRONG`. Only the
 * places that so few letters can shift are looked at.
 */
function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({length: MOST_WRONG + 1}, (_, column) => column);
  let lastLeast = 0;
  for (let row = 1; row <= from.length; row += 1) {
    const current = row <= MOST_WRONG ? [row] : [];
    let least = current[0] ?? Infinity;
    for (let column = Math.max(1, row - MOST_WRONG); column <= Math.min(to.length, row + MOST_WRONG); column += 1) {
      const same = from[row - 1] === to[column - 1];
      const changed = at(last, column - 1) + (same ? 0 : 1);
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      const wrong = Math.min(
        changed,
        at(last, column) + 1,
        at(current, column - 1) + 1,
        swapped ? at(beforeLast, column - 2) + 1 : Infinity,
      );
      current[column] = wrong;
      least = Math.min(least, wrong);
    }
    // Every way to the end leads through one of two neighbouring rows.
    if (Math.min(least, lastLeast) > MOST_WRONG) return Infinity;
    [beforeLast, last, lastLeast] = [last, current, least];
  }
  return at(last, to.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity;
}
