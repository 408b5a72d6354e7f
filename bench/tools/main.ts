/**
 * Does a tool run twice, or is its result lost, when the worker of its call is killed? Every service and the model are
 * processes of their own; callers make the model call two tools a turn; workers are killed at random moments. The witness
 * is a server that counts what it is asked.
 *
 *   npm run bench tools -- [--calls 20] [--seconds 60] [--kill-every 4] [--seed 1]
 */
import {cpus, loadavg} from 'node:os';
import {parseArgs} from 'node:util';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import {toolsUnderKills} from './under-kills.ts';

const {values} = parseArgs({
  options: {
    calls: {type: 'string', default: '20'},
    seconds: {type: 'string', default: '60'},
    'kill-every': {type: 'string', default: '4'},
    seed: {type: 'string', default: '1'},
  },
});
const numbers = seededRandom(Number(values.seed));
console.log(`${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.version}, load ${loadavg()[0]?.toFixed(1)}`);
const outcome = await toolsUnderKills({
  calls: Number(values.calls),
  talkMs: Number(values.seconds) * 1_000,
  killEveryMs: Number(values['kill-every']) * 1_000,
  random: () => numbers.between(0, 1),
});
console.table(outcome);
const {posts, doubled, lost, toldTwice, broken} = outcome;
const isMet = posts > 0 && doubled === 0 && lost === 0 && toldTwice === 0 && broken === 0;
console.log(
  isMet
    ? 'Every goal is met.'
    : 'Goals that are not met: doubled, lost, toldTwice and broken must be 0, and tools be called.',
);
process.exitCode = isMet ? 0 : 1;
