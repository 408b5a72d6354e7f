/**
 * Whether the numbers in the database are true: calls with a network that delays and jitters, interruptions, noises,
 * keys, goodbyes and failovers; afterwards each figure that analytics shows is compared with what the simulated phones
 * and the simulated model know.
 *
 *   npm run bench truth -- --calls 200 --at-once 25
 */
import {cpus, loadavg, totalmem} from 'node:os';
import {parseArgs} from 'node:util';
import {compareCall, type Pair} from './truth/compare.ts';
import {runCalls} from './truth/run-calls.ts';
import type {Trouble} from './truth/trouble.ts';
import {countRows, latencyRows, printTable} from './truth/table.ts';

const {values} = parseArgs({
  options: {
    calls: {type: 'string', default: '200'},
    'at-once': {type: 'string', default: '25'},
    delay: {type: 'string', default: '40'},
    jitter: {type: 'string', default: '5'},
    trouble: {type: 'string', default: 'none,worker,edge,model'},
    worst: {type: 'string', default: '3'},
  },
});
const [calls, atOnce] = [Number(values.calls), Number(values['at-once'])];
const network = {delay: Number(values.delay), jitter: Number(values.jitter)};
const troubles = values.trouble.split(',') as Trouble[];
const waves = Array.from({length: Math.ceil(calls / atOnce)}, (_, wave) => ({
  calls: Math.min(atOnce, calls - wave * atOnce),
  trouble: troubles[wave % troubles.length] ?? 'none',
}));

const load = () =>
  loadavg()
    .map(each => each.toFixed(1))
    .join(' / ');
console.log(
  `${cpus().length} × ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`,
);
console.log(
  `${calls} calls, ${atOnce} at once; network ${network.delay} ± ${network.jitter} ms one way; load before ${load()}`,
);
const measured = await runCalls({waves, network, say: line => process.stderr.write(`${line}\n`)});
console.log(`load after ${load()}; simulated phones were late by ${measured.phoneLagMs.toFixed(1)} ms (p99)\n`);
const compared = measured.calls.map(call => compareCall(call, network.delay));
const pairs = compared.flatMap(each => each.pairs);
const counts = countRows(compared.flatMap(each => each.counts));
const rows = latencyRows(pairs);
console.log(printTable(rows, counts));

for (const {metric} of rows) {
  const worst = pairs
    .filter(each => each.metric === metric)
    .toSorted((a, b) => sizeOf(b) - sizeOf(a))
    .slice(0, Number(values.worst));
  for (const {recorded, truth, note, callSid} of worst)
    console.log(`${metric}: recorded ${recorded.toFixed(1)}, truth ${truth.toFixed(1)} (${note}, ${callSid})`);
}
for (const {wrong} of counts)
  for (const {what, recorded, truth, callSid, kind} of wrong.slice(0, 8))
    console.log(`${what}: recorded ${recorded}, truth ${truth} (${kind}, ${callSid})`);
process.exitCode = rows.every(({ok}) => ok !== false) && counts.every(({wrong}) => wrong.length === 0) ? 0 : 1;

function sizeOf({recorded, truth}: Pair): number {
  return Number.isNaN(recorded) ? Number.POSITIVE_INFINITY : Math.abs(recorded - truth);
}
