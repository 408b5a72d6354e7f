import {misspeltNames} from '@voicebridge/shared/config/config.ts';
import type {Given} from '@voicebridge/shared/config/given.ts';
import {allNames, planProblems} from '../start/plan.ts';
import {broken, fine, warning, type Finding} from './finding.ts';

/** Every value that `npm start` would refuse, and names that are almost ours. */
export async function checkEnvironment(given: Given): Promise<Finding[]> {
  const names = allNames();
  const problems = planProblems(given).map(({name, what, about}) =>
    broken(`${name} ${what}`, about === '' ? 'See .env.example.' : `It is ${about}.`),
  );
  const hints = misspeltNames(given.values, names).map(hint => warning(hint, 'Correct the name, or ignore this.'));
  const set = names.filter(name => given.values[name] !== undefined).length;
  const found = [...problems, ...hints];
  return found.length > 0
    ? found
    : [fine(`${set} of ${new Set(names).size} settings are set, all values are possible`)];
}
