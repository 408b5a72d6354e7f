/**
 * Is a quiet caller heard on a noisy line, and is the line itself not taken for one? Recorded voices of several levels
 * talk over a long reply on lines that hum, babble and so on; and callers who say nothing listen to the same reply.
 * Whole calls on a virtual clock: the worker's core, and a simulated model whose voice detection hears what is 10 dB
 * above the line. What that does not hear is not ours to mend, and counted apart.
 *
 *   npm run bench voices -- [--calls 10] [--quick] [--only clean,hum] [--json FILE]
 */
import {writeFileSync} from 'node:fs';
import {commandLine, toggle} from '@voicebridge/shared/config/command-line.ts';
import {wholeNumber} from '@voicebridge/shared/config/config.ts';
import {z} from 'zod';
import {interruptions, policies, type Policy, silentCallers, type Trial} from './calls.ts';
import {type NoisyLine, noisyLines} from './lines.ts';

const LEVELS = [-15, -25, -35, -40, -46, -50];
/** Down to this level, and so much above the line, a caller has to be heard. */
const QUIETEST = -46;
const ABOVE_LINE = 10;
const MOST = 0.01;

const all = noisyLines();
const values = commandLine({
  command: 'npm run bench voices --',
  about: 'Whether a quiet caller is heard on a noisy line, and the line itself not taken for one.',
  options: z.object({
    calls: wholeNumber({min: 1, max: 10_000}).optional().describe('how many calls each cell is made of (10)'),
    quick: toggle().describe('2 calls a cell'),
    only: z.string().optional().describe('beginnings of names of lines, with commas between'),
    json: z.string().optional().describe('a file for the figures'),
  }),
});
const calls = values.calls ?? (values.quick ? 2 : 10);
const wanted = values.only?.split(',');
const lines = wanted ? all.filter(({name}) => wanted.some(prefix => name.startsWith(prefix))) : all;
if (lines.length === 0) {
  console.error(`There is no such line: --only takes beginnings of ${all.map(({name}) => name).join(', ')}.`);
  process.exit(1);
}

const goals: string[] = [];
const rows: Record<string, unknown>[] = [];
console.log(`${calls} calls a cell, seeds 1 to ${calls}; levels in dB of full scale.`);
console.log(
  'false: replies of 15 s that stopped though the caller said nothing (in brackets: in which the model said they spoke).',
);
console.log(
  'missed: times the assistant talked on to the end of what was said (in brackets: the model did not hear it either).',
);
console.log('A cell that the goals do not ask for is marked with a dot.');
for (const policy of Object.keys(policies) as Policy[]) {
  console.log(
    `\n${policy.padEnd(20)}${'false'.padStart(14)}${LEVELS.map(level => `${level} dB`.padStart(14)).join('')}`,
  );
  for (const line of lines) console.log(rowOf(line, policy));
}
if (values.json) writeFileSync(values.json, `${JSON.stringify({calls, rows}, null, 2)}\n`);
console.log(
  goals.length === 0
    ? '\nEvery goal is met.'
    : `\nGoals that are not met:\n${goals.map(goal => `  ${goal}`).join('\n')}`,
);
process.exitCode = goals.length === 0 ? 0 : 1;

function rowOf(line: NoisyLine, policy: Policy): string {
  const silent = repeated(seed => silentCallers(line, policy, seed));
  const stopped = silent.filter(trial => trial.stopped);
  if (stopped.length > MOST * silent.length) {
    const word = policy === 'immediate' ? ', at the word of the model’s server' : '';
    goals.push(`${line.name}, ${policy}: ${stopped.length} of ${silent.length} replies stopped by nobody${word}`);
  }
  rows.push({line: line.name, policy, level: null, trials: silent.length, false: stopped.length});
  const cells = LEVELS.map(level => missedCell(line, policy, level));
  const server = silent.filter(trial => trial.server).length;
  return `${line.name.padEnd(20)}${cell(stopped.length, server, silent.length, true)}${cells.join('')}`;
}

function missedCell(line: NoisyLine, policy: Policy, level: number): string {
  const trials = repeated(seed => interruptions(line, policy, level, seed));
  const missed = trials.filter(trial => !trial.stopped);
  const deaf = missed.filter(trial => !trial.server).length;
  const unanswered = trials.filter(trial => trial.server && !trial.answered).length;
  const isAsked = level >= QUIETEST && level - line.level >= ABOVE_LINE;
  if (isAsked && missed.length - deaf > MOST * trials.length)
    goals.push(
      `${line.name}, ${policy}: ${missed.length - deaf} of ${trials.length} callers of ${level} dB missed by us`,
    );
  if (isAsked && deaf > MOST * trials.length)
    goals.push(`${line.name}, ${policy}: ${deaf} of ${trials.length} callers of ${level} dB missed by the model`);
  rows.push({line: line.name, policy, level, trials: trials.length, missed: missed.length, deaf, unanswered});
  return cell(missed.length, deaf, trials.length, isAsked);
}

function repeated(trialsOf: (seed: number) => Trial[]): Trial[] {
  return Array.from({length: calls}, (_, at) => trialsOf(at + 1)).flat();
}

function cell(count: number, server: number, of: number, isAsked: boolean): string {
  if (of === 0) return '–'.padStart(14);
  const share = (part: number) => `${Math.round((100 * part) / of)}`;
  return `${share(count)} % (${share(server)})${isAsked ? ' ' : '·'}`.padStart(14);
}
