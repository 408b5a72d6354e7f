/** `npm run fuzz`: gives every reader of ours what nobody should send, and keeps what breaks one. */
import {availableParallelism} from 'node:os';
import fc from 'fast-check';
import {commandLine} from '@voicebridge/shared/config/command-line.ts';
import {wholeNumber} from '@voicebridge/shared/config/config.ts';
import {z} from 'zod';
import {printableTable} from './table.ts';
import {addToCorpus, readCorpus} from './corpus.ts';
import {type Kind, KINDS as ALL} from './kinds.ts';
import {mutated} from './mutated.ts';
import {overSockets} from './sockets.ts';

const options = commandLine({
  command: 'npm run fuzz --',
  about:
    'Feeds mutated messages, records, requests and settings to every parser, in this process and over real sockets.',
  options: z.object({
    minutes: wholeNumber({min: 0, max: 600}).default(10).describe('how long, all kinds together'),
    inputs: wholeNumber().default(0).describe('stops each kind after this many inputs; 0: only the time counts'),
    kinds: z.string().optional().describe('the names of some kinds, comma-separated; all if not given'),
    sockets: wholeNumber().default(10_000).describe('inputs over real sockets; 0: none'),
    seed: wholeNumber().optional().describe('repeats a run'),
  }),
});
// Most inputs are refused, and what is told about a refusal is its message.
Error.stackTraceLimit = 0;
const names = options.kinds?.split(',');
const KINDS = ALL.filter(({name}) => names?.includes(name) ?? true);
const seed = options.seed ?? Math.floor(Math.random() * 2 ** 31);
/** Inputs between two looks at the clock. */
const BATCH = 2_000;
/** The processor time that one input may take, in milliseconds; what took longer is tried again: it may be the collector's or another program's. */
const AT_MOST = 50;
/** An input is slow if it was slow each time: the processor time of a process contains that of its collector and compiler. */
const TRIES = 5;

interface Result {
  inputs: number;
  broken: number;
  slow: number;
  slowest: number;
}

const results = new Map<string, Result>(KINDS.map(({name}) => [name, {inputs: 0, broken: 0, slow: 0, slowest: 0}]));

/** How long one input takes, in milliseconds by the clock: never less than its processor time. */
async function timed(kind: Kind, input: string): Promise<number> {
  const began = performance.now();
  await kind.check(input);
  return performance.now() - began;
}

/** The processor time of one input. To ask for it takes longer than most inputs do. */
async function processorTime(kind: Kind, input: string): Promise<number> {
  const began = process.cpuUsage();
  await kind.check(input);
  const {user, system} = process.cpuUsage(began);
  return (user + system) / 1_000;
}

async function batch(kind: Kind, round: number): Promise<void> {
  const result = results.get(kind.name);
  if (!result) return;
  const property = fc.asyncProperty(mutated([...kind.samples, ...readCorpus(kind.name)]), async input => {
    const took = await timed(kind, input);
    if (took <= AT_MOST) {
      result.slowest = Math.max(result.slowest, took);
      return;
    }
    let again = Infinity;
    for (let tries = 0; tries < TRIES && again > AT_MOST; tries += 1)
      again = Math.min(again, await processorTime(kind, input));
    result.slowest = Math.max(result.slowest, again);
    if (again <= AT_MOST) return;
    result.slow += 1;
    throw new Error(`took ${again.toFixed(0)} ms`);
  });
  const checked = await fc.check(property, {seed: (seed + round) | 0, numRuns: BATCH});
  result.inputs += checked.numRuns;
  const [input] = checked.counterexample ?? [];
  if (!checked.failed || input === undefined) return;
  result.broken += 1;
  addToCorpus(kind.name, input);
  const why = checked.errorInstance instanceof Error ? checked.errorInstance.message : 'it threw';
  console.log(`✗ ${kind.name}: ${why}\n  ${JSON.stringify(input).slice(0, 400)}`);
}

console.log(`seed ${seed}, ${KINDS.length} kinds, ${availableParallelism()} processors, ${options.minutes} minutes`);
const end = performance.now() + options.minutes * 60_000;
const wants = ({name}: Kind) => options.inputs === 0 || (results.get(name)?.inputs ?? 0) < options.inputs;
let told = performance.now();
for (let round = 0; performance.now() < end && KINDS.some(wants); round += 1) {
  for (const kind of KINDS) if (wants(kind) && performance.now() < end) await batch(kind, round);
  if (performance.now() - told < 15_000) continue;
  told = performance.now();
  const all = [...results.values()].reduce((sum, {inputs}) => sum + inputs, 0);
  console.log(`${((end - told) / 60_000).toFixed(1)} min left, ${all.toLocaleString('en')} inputs`);
}
const sockets = options.sockets === 0 ? undefined : await overSockets(options.sockets, seed);

const broken = [...results.values()].some(result => result.broken > 0) || (sockets?.problems.length ?? 0) > 0;
console.log(printableTable(results, sockets));
for (const problem of sockets?.problems ?? []) console.log(`✗ ${problem}`);
console.log(
  broken ? 'Broken. What broke a rule is in scripts/fuzz/corpus: commit it with the repair.' : 'Nothing broke.',
);
process.exit(broken ? 1 : 0);
