import {execFile} from 'node:child_process';
import {availableParallelism} from 'node:os';
import {fileURLToPath} from 'node:url';
import {MUTATIONS} from './list.ts';
import type {Mutation} from './mutation.ts';

const PLAY = fileURLToPath(new URL('play.ts', import.meta.url));
const PLAYED_WITHIN_MS = 300_000;
/** How many processes play at a time. */
const AT_ONCE = Math.max(1, Math.min(4, availableParallelism() - 1));

/** What came of playing the corpus with a rule changed. `by`: the call in which it was noticed first. */
type Outcome = {readonly is: 'noticed' | 'broken'; readonly by: string} | {readonly is: 'unnoticed'};

/**
 * Changes one rule after the other, and plays the corpus each time, in a process of its own. `only`: those whose rule has these
 * words. Returns those that no call of the corpus notices.
 */
export async function playMutations(only: string, tell: (line: string) => void): Promise<readonly Mutation[]> {
  const chosen = [...MUTATIONS.entries()].filter(([, {rule}]) => rule.includes(only));
  const unnoticed: Mutation[] = [];
  const left = chosen.values();
  const playAll = async () => {
    for (const [number, mutation] of left) {
      const outcome = await played(number);
      const by = outcome.is === 'unnoticed' ? '' : outcome.by;
      tell([outcome.is.padEnd(9), mutation.rule.padEnd(76), by].join('  ').trimEnd());
      if (outcome.is === 'unnoticed') unnoticed.push(mutation);
    }
  };
  await Promise.all(Array.from({length: AT_ONCE}, playAll));
  tell(`${chosen.length - unnoticed.length} of ${chosen.length} changed rules are noticed`);
  return unnoticed;
}

/** A rule without which the product cannot be played at all counts as noticed; `broken` says so. */
async function played(number: number): Promise<Outcome> {
  return await new Promise(resolve => {
    execFile(process.execPath, [PLAY, String(number)], {timeout: PLAYED_WITHIN_MS}, (failed, stdout, stderr) => {
      if (!failed) return resolve({is: 'unnoticed'});
      const [name] = stdout.split('\n');
      if (name) return resolve({is: 'noticed', by: name});
      const why = failed.killed ? 'it never ended' : stderr.split('\n').find(line => line.includes('Error'));
      return resolve({is: 'broken', by: why ?? 'it ended with an error'});
    });
  });
}
