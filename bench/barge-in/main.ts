/**
 * Does the model remember exactly what the caller heard, and how fast does the assistant stop? Six parts:
 *
 *   positions   thousands of interruptions on a virtual clock, our rule and the plain rules of others on the same events
 *   marks       the same while Twilio returns its marks late, in bunches, rarely, never or too early
 *   phones      the same while the caller's phone stands still now and then, or plays too slowly
 *   real calls  the whole system on real sockets and a real Redis, each service a process of its own
 *   greetings   1,000 calls with noise, slow starts and broken sessions: greeted exactly once?
 *   goodbyes    500 calls that the assistant ends: heard to the last word, and closed?
 *
 *   npm run bench barge-in -- [--quick] [--json FILE] [--svg FILE] [--calls 50] [--only positions|marks|phones|real|scenes]
 */
import {writeFileSync} from 'node:fs';
import {cpus, loadavg} from 'node:os';
import {commandLine, toggle} from '@voicebridge/shared/config/command-line.ts';
import {choice, wholeNumber} from '@voicebridge/shared/config/config.ts';
import {z} from 'zod';
import {figures, OURS, type Outcome, quantile} from './outcome.ts';
import {missedGoals, oddMarks} from './odd-marks.ts';
import {drawErrors} from './picture.ts';
import {realCalls, type RealFigures} from './real-calls.ts';
import {goodbye, greeting} from './scenes.ts';
import {stallingPhones} from './stalling-phones.ts';
import {type Condition, situations, virtualCall} from './virtual-calls.ts';

const PARTS = ['positions', 'marks', 'phones', 'scenes', 'real'] as const;
const values = commandLine({
  command: 'npm run bench barge-in --',
  about: 'How exactly the model remembers what an interrupted caller heard.',
  options: z.object({
    quick: toggle().describe('fewer of everything'),
    json: z.string().optional().describe('a file for the figures'),
    svg: z.string().optional().describe('a file for the picture'),
    calls: wholeNumber({min: 1, max: 10_000}).optional().describe('how many real calls'),
    only: choice(...PARTS)
      .optional()
      .describe(`one part: ${PARTS.join(', ')}`),
  }),
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
// First, because the phones are in this process and the garbage of the other parts would slow them down.
if (wanted('real')) result['real'] = await real(values.calls ?? (quick ? 5 : 50));
if (wanted('positions')) result['positions'] = positions(quick ? 8 : 60);
if (wanted('marks')) result['marks'] = marks(quick ? 3 : 10);
if (wanted('phones')) result['phones'] = phones(quick ? 3 : 10);
if (wanted('scenes')) {
  result['greetings'] = scenes('greetings', quick ? 100 : 1_000, greeting, 'once');
  result['goodbyes'] = scenes('goodbyes', quick ? 50 : 500, goodbye, 'heard and closed');
}
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
  const silences: string[] = [];
  console.log('\nPositions, on a virtual clock: what the model believes was heard, less what was really played\n');
  console.log(line('network', 'interrupted', 'rule', ['count', 'refused', 'wrong', 'p50', 'p95', 'max']));
  for (const [at, network] of networks.entries()) {
    const near: Outcome[] = [];
    for (const situation of situations) {
      const where = `${at * situations.length + situations.indexOf(situation) + 1} of 12`;
      const {outcomes, reactions, leaked} = play({network, situation}, callsEach, where);
      near.push(...outcomes);
      const reaction = [0.5, 0.95, 0.99].map(share => quantile(reactions, share).toFixed(0));
      silences.push(line(nameOf(network), situation, '', [...reaction, String(leaked)]));
      rows.push({network: nameOf(network), situation, reaction, leakedBytes: leaked});
      if (leaked > 0) goals.push(`${leaked} bytes played after a clear at ${network.delay} ms, ${situation}`);
      print(rows, nameOf(network), situation, outcomes);
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
  console.log(
    '\nSilence, ours: from speech_started at the model to the clear at Twilio (the ways alone), and what leaked\n',
  );
  console.log(line('network', 'interrupted', '', ['p50', 'p95', 'p99', 'leaked']));
  for (const silence of silences) console.log(silence);
  if (values.svg) {
    const count = far.filter(({rule}) => rule === OURS).length.toLocaleString('en');
    const subtitle = `${count} simulated interruptions, 80 ± 40 ms each way to Twilio; refused truncations leave the whole reply in memory`;
    writeFileSync(values.svg, drawErrors(far, 'How wrong is the model about what the caller heard?', subtitle));
  }
  return rows;
}

function marks(callsEach: number) {
  const rows = oddMarks(networks, callsEach, (done, of) => progress(`marks: condition ${done} of ${of}`));
  clearProgress();
  console.log('\nOdd marks, ours, interrupted in all four ways: the error as above\n');
  console.log(line('network', 'marks', '', ['count', 'refused', 'wrong', 'p50', 'p95', 'max']));
  for (const {network, marks, ...row} of rows) {
    const numbers = [row.count, row.refused, row.wrongItem, row.p50, row.p95, row.max].map(each => each.toFixed(0));
    console.log(line(nameOf(network), marks, '', numbers));
  }
  goals.push(...missedGoals(rows));
  return rows;
}

function phones(callsEach: number) {
  const rows = stallingPhones(networks, callsEach, (done, of) => progress(`phones: condition ${done} of ${of}`));
  clearProgress();
  console.log('\nPhones that play too slowly, ours, interrupted in all four ways: the error as above\n');
  console.log(line('network', 'phone', '', ['count', 'refused', 'wrong', 'p50', 'p95', 'max']));
  for (const {network, phone, ...row} of rows) {
    const numbers = [row.count, row.refused, row.wrongItem, row.p50, row.p95, row.max].map(each => each.toFixed(0));
    console.log(line(nameOf(network), phone, '', numbers));
  }
  return rows;
}

function play(condition: Condition, calls: number, where: string) {
  const figuresOf = Array.from({length: calls}, (_, at) => {
    progress(`condition ${where}, call ${at + 1} of ${calls}`);
    return virtualCall(condition, at + 1);
  });
  return {
    outcomes: figuresOf.flatMap(({outcomes}) => outcomes),
    reactions: figuresOf.flatMap(({reactions}) => reactions).toSorted((a, b) => a - b),
    leaked: figuresOf.reduce((sum, {leakedBytes}) => sum + leakedBytes, 0),
  };
}

function nameOf({delay, jitter}: {readonly delay: number; readonly jitter: number}): string {
  return `${delay} ± ${jitter} ms`;
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

async function real(calls: number) {
  const rows = [];
  console.log(
    `\nReal calls: ${calls} at once; every service and the model are processes of their own, the phones in this one\n`,
  );
  console.log(line('network', '', '', ['count', 'refused', 'wrong', 'leaked']));
  for (const network of quick ? networks.slice(0, 1) : networks) {
    // Without a network the reaction is ours alone: there its goal applies, and it is the strictest.
    const rounds = quick ? 2 : network.delay === 0 ? 20 : 5;
    const seen = await realCalls({calls, rounds, network}, text => progress(`${nameOf(network)}: ${text}`));
    clearProgress();
    const errors = seen.errors.map(Math.abs).toSorted((a, b) => a - b);
    const reactions = seen.reactions.toSorted((a, b) => a - b);
    const counts = [seen.interruptions, seen.refused, seen.wrongItem, seen.leakedBytes];
    console.log(line(nameOf(network), '', '', counts.map(String)));
    console.log(`    error p50 / p95 / max           ${shares(errors, [0.5, 0.95])} ms`);
    console.log(
      `    reaction p50 / p95 / p99 / max  ${shares(reactions, [0.5, 0.95, 0.99])} ms, the way to Twilio with it`,
    );
    console.log(`    the phones themselves were late by ${seen.phonesLate.toFixed(1)} ms at p99`);
    judgeReal(seen, {network, errors, reactions});
    rows.push({
      ...seen,
      errors: {p50: quantile(errors, 0.5), p95: quantile(errors, 0.95), max: errors.at(-1)},
      reactions: {p50: quantile(reactions, 0.5), p95: quantile(reactions, 0.95), p99: quantile(reactions, 0.99)},
    });
  }
  return rows;
}

function shares(sorted: readonly number[], of: readonly number[]): string {
  return [...of.map(share => quantile(sorted, share)), sorted.at(-1) ?? 0].map(each => each.toFixed(1)).join(' / ');
}

function judgeReal(
  {calls, interruptions, refused, wrongItem, leakedBytes, violations}: RealFigures,
  {network, errors, reactions}: {network: {delay: number}; errors: readonly number[]; reactions: readonly number[]},
): void {
  const where = `real calls at ${network.delay} ms`;
  const [p99, p95] = [quantile(reactions, 0.99), quantile(errors, 0.95)];
  const most = network.delay === 80 ? 40 : 20;
  if (interruptions === 0) goals.push(`${where}: nobody interrupted`);
  // A few calls on a busy machine say nothing about time.
  if (!quick && network.delay === 0 && p99 > 5)
    goals.push(`reaction p99 at ${calls} calls: ${p99.toFixed(1)} ms, not 5`);
  if (!quick && p95 > most) goals.push(`${where}: error p95 ${p95.toFixed(0)} ms, not ${most}`);
  if (refused + wrongItem + violations > 0)
    goals.push(`${where}: ${refused} refused, ${wrongItem} wrong items, ${violations} violations of Twilio's rules`);
  if (leakedBytes > 0) goals.push(`${where}: ${leakedBytes} bytes leaked`);
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
