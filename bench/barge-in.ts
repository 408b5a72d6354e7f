/**
 * Does the model remember exactly what the caller heard, and how fast is silence? Four parts:
 *
 *   positions   thousands of interruptions on a virtual clock, our rule and the plain rules of others on the same events
 *   real calls  the whole system on real sockets and a real Redis, in this one process
 *   greetings   1,000 calls with noise, slow starts and broken sessions: greeted exactly once?
 *   goodbyes    500 calls that the assistant ends: heard to the last word, and closed?
 *
 *   npm run bench barge-in -- [--quick] [--json FILE] [--svg FILE] [--calls 50] [--only positions|real|scenes]
 */
import {writeFileSync} from 'node:fs';
import {cpus, loadavg} from 'node:os';
import {parseArgs} from 'node:util';
import {figures, OURS, type Outcome, quantile} from './barge-in/outcome.ts';
import {drawErrors} from './barge-in/picture.ts';
import {realCalls} from './barge-in/real-calls.ts';
import {goodbye, greeting} from './barge-in/scenes.ts';
import {type Condition, situations, virtualCall} from './barge-in/virtual-calls.ts';

const {values} = parseArgs({
  options: {
    quick: {type: 'boolean', default: false},
    json: {type: 'string'},
    svg: {type: 'string'},
    calls: {type: 'string'},
    only: {type: 'string'},
  },
});
const quick = values.quick;
const networks = [
  {delay: 0, jitter: 0},
  {delay: 20, jitter: 5},
  {delay: 80, jitter: 40},
] as const;
const goals: string[] = [];
const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}, load ${loadavg()[0]?.toFixed(1)}`;
const wanted = (part: string) => values.only === undefined || values.only === part;

console.log(machine);
const result: Record<string, unknown> = {machine, quick};
if (wanted('positions')) result['positions'] = positions(quick ? 8 : 60);
if (wanted('scenes')) {
  result['greetings'] = scenes('greetings', quick ? 100 : 1_000, greeting, 'once');
  result['goodbyes'] = scenes('goodbyes', quick ? 50 : 500, goodbye, 'heard and closed');
}
if (wanted('real')) result['real'] = await real(Number(values.calls ?? (quick ? 5 : 50)), quick ? 3 : 20);
if (values.json) writeFileSync(values.json, `${JSON.stringify(result, null, 2)}\n`);
clearProgress();
console.log(
  goals.length === 0
    ? '\nEvery goal is met.'
    : `\nGoals that are not met:\n${goals.map(goal => `  ${goal}`).join('\n')}`,
);
process.exitCode = goals.length === 0 ? 0 : 1;

function positions(callsEach: number) {
  const started = performance.now();
  const rows: Record<string, unknown>[] = [];
  const all: Outcome[] = [];
  const far: Outcome[] = [];
  console.log('\nPositions, on a virtual clock: what the model believes was heard, less what was really played\n');
  console.log(line('network', 'interrupted', 'rule', ['count', 'refused', 'wrong', 'p50', 'p95', 'max']));
  for (const [at, network] of networks.entries()) {
    const near: Outcome[] = [];
    for (const situation of situations) {
      const outcomes = outcomesOf(
        {network, situation},
        callsEach,
        `${at * situations.length + situations.indexOf(situation) + 1} of 12`,
      );
      near.push(...outcomes);
      print(rows, `${network.delay} ± ${network.jitter} ms`, situation, outcomes);
    }
    all.push(...near);
    if (network.delay === 80) far.push(...near);
    const {p95, refused, wrongItem} = figures(near.filter(({rule}) => rule === OURS));
    const limit = network.delay === 80 ? 40 : 20;
    if (p95 > limit) goals.push(`error p95 at ${network.delay} ms: ${p95.toFixed(0)} ms, not ${limit}`);
    if (refused + wrongItem > 0) goals.push(`${refused} refused, ${wrongItem} wrong items at ${network.delay} ms`);
  }
  print(rows, 'all', 'all', all);
  console.log(
    `\n${all.filter(({rule}) => rule === OURS).length} interruptions in ${((performance.now() - started) / 1_000).toFixed(0)} s`,
  );
  if (values.svg) {
    const count = far.filter(({rule}) => rule === OURS).length.toLocaleString('en');
    const subtitle = `${count} simulated interruptions, 80 ± 40 ms each way to Twilio; refused truncations leave the whole reply in memory`;
    writeFileSync(values.svg, drawErrors(far, 'How wrong is the model about what the caller heard?', subtitle));
  }
  return rows;
}

function outcomesOf(condition: Condition, calls: number, where: string): Outcome[] {
  return Array.from({length: calls}, (_, at) => {
    progress(`condition ${where}, call ${at + 1} of ${calls}`);
    return virtualCall(condition, at + 1);
  }).flat();
}

function print(
  rows: Record<string, unknown>[],
  network: string,
  situation: string,
  outcomes: readonly Outcome[],
): void {
  clearProgress();
  for (const rule of new Set(outcomes.map(each => each.rule))) {
    const row = figures(outcomes.filter(each => each.rule === rule));
    rows.push({network, situation, rule, ...row});
    const isFirst = rule === OURS;
    const numbers = [row.count, row.refused, row.wrongItem, row.p50, row.p95, row.max].map(each => each.toFixed(0));
    console.log(line(isFirst ? network : '', isFirst ? situation : '', rule, numbers));
  }
}

function scenes(name: string, count: number, play: (seed: number) => string, good: string) {
  const ends = new Map<string, number>();
  for (let seed = 1; seed <= count; seed += 1) {
    const end = play(seed);
    ends.set(end, (ends.get(end) ?? 0) + 1);
    if (seed % 10 === 0) progress(`${name}: ${seed} of ${count}`);
  }
  clearProgress();
  const fine = ends.get(good) ?? 0;
  console.log(`\n${count} ${name}: ${fine} ${good}`);
  for (const [end, times] of ends) if (end !== good) console.log(`  ${times} × ${end}`);
  if (fine < count) goals.push(`${fine} of ${count} ${name}`);
  return Object.fromEntries(ends);
}

async function real(calls: number, rounds: number) {
  const seen = await realCalls(calls, rounds, progress);
  clearProgress();
  const errors = seen.errors.map(Math.abs).toSorted((a, b) => a - b);
  const reactions = seen.reactions.toSorted((a, b) => a - b);
  const of = (sorted: readonly number[], shares: readonly number[]) =>
    [...shares.map(share => quantile(sorted, share)), sorted.at(-1) ?? 0].map(each => each.toFixed(1)).join(' / ');
  console.log(
    `\nReal calls: ${calls} at once, every service and the model a process of its own, the phones in this one`,
  );
  console.log(
    `  interruptions ${seen.interruptions}, refused ${seen.refused}, wrong item ${seen.wrongItem}, violations ${seen.violations}`,
  );
  console.log(`  error p50 / p95 / max           ${of(errors, [0.5, 0.95])} ms`);
  console.log(`  reaction p50 / p95 / p99 / max  ${of(reactions, [0.5, 0.95, 0.99])} ms`);
  console.log(`  leaked after the clear          ${seen.leakedBytes} bytes`);
  console.log(`  the phones themselves were late by ${seen.phonesLate.toFixed(1)} ms at p99`);
  const [p99, p95] = [quantile(reactions, 0.99), quantile(errors, 0.95)];
  // A few calls on a busy machine prove nothing about time.
  if (!quick && p99 > 5)
    goals.push(
      `reaction p99 at ${calls} calls: ${p99.toFixed(1)} ms, not 5 (this machine also carried the simulators)`,
    );
  if (!quick && p95 > 20) goals.push(`error p95 of real calls: ${p95.toFixed(0)} ms, not 20`);
  if (seen.refused + seen.wrongItem > 0)
    goals.push(`real calls: ${seen.refused} refused, ${seen.wrongItem} wrong items`);
  if (seen.leakedBytes > 0) goals.push(`${seen.leakedBytes} bytes leaked`);
  return {
    ...seen,
    errors: {p50: quantile(errors, 0.5), p95, max: errors.at(-1)},
    reactions: {p50: quantile(reactions, 0.5), p95: quantile(reactions, 0.95), p99, max: reactions.at(-1)},
  };
}

function line(network: string, situation: string, rule: string, numbers: readonly string[]): string {
  return `${network.padEnd(12)}${situation.padEnd(23)}${rule.padEnd(32)}${numbers.map(each => each.padStart(8)).join('')}`;
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${text}`);
}

function clearProgress(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[2K');
}
