/**
 * How long does a caller wait in silence while the model misbehaves? The simulated model uses all of its knobs, several
 * at once, drawn from a seed for each call; callers speak, interrupt and press keys. Measured is what the simulated
 * phone played: each silence in which the caller waited for the assistant, from the start of the call, the end of a
 * turn, the last key, or a sentence that broke off, to something audible or the end of the call.
 *
 *   virtual   the worker's core and its translation of the protocol, on a virtual clock
 *   real      every service and the model are processes of their own
 *
 *   npm run bench silence -- [--calls 500] [--real 40] [--seed 1] [--json FILE]
 *   npm run bench silence -- --seed 217 --calls 1 --real 0     repeats one call and prints all that happened in it
 */
import {writeFileSync} from 'node:fs';
import {cpus, loadavg} from 'node:os';
import {parseArgs} from 'node:util';
import {percentiles} from '../load/percentiles.ts';
import {faultsOf, GOAL_MS, isDocumented, isForEver, isLoop, seconds, type CallOutcome} from './judge.ts';
import {realCalls} from './real-calls.ts';
import {virtualCall} from './virtual-call.ts';

const {values} = parseArgs({
  options: {
    calls: {type: 'string', default: '500'},
    real: {type: 'string', default: '40'},
    seed: {type: 'string', default: '1'},
    json: {type: 'string'},
  },
});
const [calls, real, seed] = [Number(values.calls), Number(values.real), Number(values.seed)];
if (![calls, real, seed].every(Number.isSafeInteger)) {
  console.error('--calls, --real and --seed take whole numbers.');
  process.exit(1);
}

const SHOWN = 10;
const goals: string[] = [];
const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}, load ${loadavg()[0]?.toFixed(1)}`;
console.log(machine);
const result: Record<string, unknown> = {machine, seed};
if (calls > 0) result['virtual'] = report('virtual', virtual());
if (real > 0) result['real'] = report('real', await realCalls(real, seed, progress));
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(result, null, 2)}\n`);
console.log(
  goals.length === 0
    ? '\nEvery goal is met.'
    : `\nGoals that are not met:\n${goals.map(goal => `  ${goal}`).join('\n')}`,
);
process.exitCode = goals.length === 0 ? 0 : 1;

function virtual(): CallOutcome[] {
  return Array.from({length: calls}, (_, index) => {
    if (index % 10 === 0) progress(`call ${index} of ${calls}`);
    return virtualCall(seed + index, calls === 1 ? console.log : undefined);
  });
}

function report(name: string, outcomes: readonly CallOutcome[]) {
  progress('');
  const silences = outcomes.flatMap(each => each.silences);
  const all = percentiles(silences.map(({ms}) => ms));
  console.log(`\n${name}: ${outcomes.length} calls, seeds ${outcomes[0]?.seed} to ${outcomes.at(-1)?.seed}\n`);
  console.log(row('silence owed', ['count', 'p50', 'p95', 'p99', 'max']));
  for (const after of new Set(silences.map(each => each.after)))
    print(
      `after ${after}`,
      silences.filter(each => each.after === after),
    );
  print('all', silences);
  const count = (isSo: (each: CallOutcome) => boolean) => outcomes.filter(isSo).length;
  const counts = {
    forEver: count(each => each.silences.some(isForEver)),
    loops: count(({mostResponses}) => isLoop(mostResponses)),
    undocumented: count(({end}) => !isDocumented(end)),
    thrown: count(({thrown}) => thrown !== undefined),
  };
  console.log(
    `\nin silence for ever ${counts.forEver}, loops ${counts.loops}, ends that are not documented ${counts.undocumented}, thrown ${counts.thrown}`,
  );
  const ends = Map.groupBy(outcomes, ({end}) => end ?? 'none');
  console.log(`ends: ${[...ends].map(([end, each]) => `${end} ${each.length}`).join(', ')}`);
  if (all.p99 > GOAL_MS) goals.push(`${name}: silence p99 ${seconds(all.p99)}, not ${seconds(GOAL_MS)}`);
  for (const [what, number] of Object.entries(counts)) if (number > 0) goals.push(`${name}: ${what} ${number}`);
  const bad = outcomes.map(each => ({...each, faults: faultsOf(each)})).filter(({faults}) => faults.length > 0);
  for (const each of bad.slice(0, SHOWN)) {
    console.log(`\n  --seed ${each.seed}: ${each.faults.join('; ')}\n    the model: ${each.ways.join('; ')}`);
  }
  if (bad.length > SHOWN)
    console.log(
      `\n  and ${bad.length - SHOWN} more: ${bad
        .slice(SHOWN)
        .map(each => each.seed)
        .join(' ')}`,
    );
  return {...all, ...counts, ends: Object.fromEntries([...ends].map(([end, each]) => [end, each.length]))};
}

function print(name: string, silences: CallOutcome['silences']): void {
  const {count, p50, p95, p99, max} = percentiles(silences.map(({ms}) => ms));
  console.log(row(name, [String(count), ...[p50, p95, p99, max].map(seconds)]));
}

function row(name: string, cells: readonly string[]): string {
  return `${name.padEnd(24)}${cells.map(cell => cell.padStart(10)).join('')}`;
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${text}`);
}
