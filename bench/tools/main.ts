/**
 * Does a tool run twice, is its result lost, or is a caller left in silence, when the worker of a call is killed? Every
 * service is a process of its own; callers make the model call eight tools a turn; workers are killed at random moments.
 * The witness is a server that counts what it is asked, and each caller's phone.
 *
 *   npm run bench tools -- [--total 1000] [--calls 20] [--seconds 45] [--kill-every 4] [--seed 1]
 */
import {cpus, loadavg} from 'node:os';
import {parseArgs} from 'node:util';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import {percentiles} from '../load/percentiles.ts';
import {GOAL_MS} from '../silence/judge.ts';
import type {CallerSilence} from './caller-silence.ts';
import {type Outcome, toolsUnderKills} from './under-kills.ts';

const {values} = parseArgs({
  options: {
    total: {type: 'string', default: '1000'},
    calls: {type: 'string', default: '20'},
    seconds: {type: 'string', default: '45'},
    'kill-every': {type: 'string', default: '4'},
    seed: {type: 'string', default: '1'},
  },
});
const numbers = seededRandom(Number(values.seed));
const began = performance.now();
const seconds = () => `${Math.round((performance.now() - began) / 1_000)} s`;
console.log(`${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.version}, load ${loadavg()[0]?.toFixed(1)}`);
const isLeft = ({withoutToolMs}: CallerSilence) => withoutToolMs > GOAL_MS;
/** What must not be. */
const faultsOf = ({tools: {doubled, lost, toldTwice, failed}, broken, silences}: Outcome) => ({
  doubled,
  lost,
  toldTwice,
  failed,
  broken,
  leftInSilence: silences.filter(isLeft).length,
});
const outcome = await toolsUnderKills({
  calls: Number(values.calls),
  total: Number(values.total),
  talkMs: Number(values.seconds) * 1_000,
  killEveryMs: Number(values['kill-every']) * 1_000,
  random: () => numbers.between(0, 1),
  soFar: so =>
    console.log(`${seconds()}: ${so.tools.calls} tool calls, ${so.kills} kills, ${JSON.stringify(faultsOf(so))}`),
});
const {
  tools: {lostIds, ...tools},
  silences,
  kills,
  phoneCalls,
} = outcome;
const faults = faultsOf(outcome);
console.table({kills, phoneCalls, waits: silences.length, ...tools, ...faults});
console.log('from the end of the caller’s words to the assistant’s, in ms:');
console.table({
  'all of it': percentiles(silences.map(({ms}) => Math.round(ms))),
  'without the time that tools ran': percentiles(silences.map(({withoutToolMs}) => Math.round(withoutToolMs))),
});
for (const lost of lostIds) console.log(`lost: ${lost}`);
const isMet = tools.calls > 0 && Object.values(faults).every(count => count === 0);
console.log(
  isMet
    ? `Every goal is met, after ${seconds()}.`
    : `Goals that are not met, after ${seconds()}: ${JSON.stringify(faults)}`,
);
process.exitCode = isMet ? 0 : 1;
