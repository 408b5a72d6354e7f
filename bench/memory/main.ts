/**
 * How far off the model's memory of what a caller heard is, if the caller interrupts just after something has failed. Real
 * processes; what was heard is judged by the numbered audio that the phones played.
 *
 *   npm run bench memory -- --calls 8 --repetitions 6
 *   npm run bench memory -- --only cluster,edge-stop --model real-time --story 3
 */
import {setTimeout as sleep} from 'node:timers/promises';
import {commandLine} from '@voicebridge/shared/config/command-line.ts';
import {wholeNumber} from '@voicebridge/shared/config/config.ts';
import {z} from 'zod';
import {haveHeard} from '../../tools/harness/callers.ts';
import {ProcessFleet} from '../../tools/harness/process-fleet.ts';
import type {RunningProcess} from '../../tools/local-stack/processes.ts';
import {percentiles} from '../load/percentiles.ts';
import {machineName} from '../load/process-cost.ts';
import {dialInterrupter} from './callers.ts';
import {FAULTS} from './faults.ts';
import {type Interrupted, interruptedReplies} from './interruptions.ts';
import {tellWorst} from './tell-worst.ts';

/** How the model's audio comes: as from OpenAI, or in real time, so that the phone never has much to play. */
const MODELS = {
  fast: {},
  'real-time': {MODEL_SPEED: '1', MODEL_DELTA_MS: '60'},
} as const;

const values = commandLine({
  command: 'npm run bench memory --',
  about: 'What the model remembers of replies that are interrupted just after a fault.',
  options: z.object({
    calls: wholeNumber({min: 1, max: 1_000}).default(8).describe('how many calls at a time'),
    repetitions: wholeNumber({min: 1, max: 1_000}).default(6).describe('how often each fault happens'),
    only: z
      .string()
      .default(Object.keys(FAULTS).join())
      .refine(text => text.split(',').every(name => name in FAULTS), `must be of ${Object.keys(FAULTS).join(', ')}`)
      .describe('which faults, with commas between'),
    model: z.enum(['fast', 'real-time']).default('fast').describe('how its audio comes'),
    story: wholeNumber({min: 0, max: 100}).default(0).describe('tells about so many of the worst interruptions'),
    capture: z.string().optional().describe('a folder for captures of all calls'),
  }),
});

/** A phone that is later than this measures itself. */
const PHONE_LATE_MS = 20;

console.log(
  `${machineName()}, ${new Date().toISOString().slice(0, 10)}; ${values.calls} calls, ${values.repetitions} repetitions, audio of the model: ${values.model}\n`,
);
console.log(
  '| fault | interruptions | error p50 / p95 / max, ms | remembered too much, max | too little, max | heard twice, max | never heard, max | phone late | max of all | calls lost |',
);
console.log('| --- | --: | --- | --: | --: | --: | --: | --: | --: | --: |');
for (const name of values.only.split(',')) console.log(await measure(name));
process.exit(0);

/** All calls live through every repetition of one fault. Returns a row of the table. */
async function measure(name: string): Promise<string> {
  const {about = name, begin} = FAULTS[name] ?? {};
  const fault = await begin?.();
  if (!fault) throw new Error(`there is no fault ${name}`);
  try {
    const {capture} = values;
    await using fleet = await ProcessFleet.start({
      edges: 2,
      workers: 2,
      ...fault.options,
      env: {
        SHOW_TIMING_MATH: 'on',
        ...(capture === undefined ? {} : {CAPTURE: 'on', CAPTURE_DIR: capture}),
        ...fault.options?.env,
      },
      model: {MODEL_TAGGED: 'on', MODEL_FIRST_DELTA_MS: '200', MODEL_CONNECT_MS: '300', ...MODELS[values.model]},
    });
    await fleet.setScript([[{say: {text: 'A sentence that takes its time. '.repeat(40), audioMs: 30_000}}]]);
    const workers: RunningProcess[] = [...fleet.workers];
    const round = {now: -1};
    const callers = Array.from({length: values.calls}, () => dialInterrupter(fleet.twilio, round, values.repetitions));
    await haveHeard(callers);
    for (let turn = 0; turn < values.repetitions; turn += 1) {
      await sleep(2_000 + 2_000 * Math.random());
      const answered = haveHeard(callers, 90_000);
      round.now = turn;
      await fault.strike(fleet, turn);
      for (const worker of fleet.workers) if (!workers.includes(worker)) workers.push(worker);
      await answered.catch((thrown: unknown) => process.stderr.write(`${String(thrown).slice(0, 2_000)}\n`));
      process.stderr.write(`  ${name} ${turn + 1} of ${values.repetitions}\n`);
    }
    await sleep(1_000);
    for (const caller of callers) caller.hangUp();
    const reports = await Promise.all(callers.map(({ended}) => ended));
    const all = await interruptedReplies(fleet, workers, reports);
    if (values.story > 0) tellWorst(all, reports, values.story);
    return rowOf(about, all, reports.filter(({endedBy}) => endedBy !== 'caller').length);
  } finally {
    await fault.close?.();
  }
}

function rowOf(about: string, all: readonly Interrupted[], lost: number): string {
  const inTime = all.filter(({phoneLateMs}) => phoneLateMs <= PHONE_LATE_MS);
  const errors = inTime.map(({rememberedMs, heardMs}) => rememberedMs - heardMs);
  const {p50, p95, max} = percentiles(errors.map(Math.abs));
  const most = Math.max(0, ...errors);
  const least = Math.max(0, ...errors.map(error => -error));
  const worst = Math.max(0, ...all.map(({rememberedMs, heardMs}) => Math.abs(rememberedMs - heardMs)));
  const twice = Math.max(0, ...all.map(({twiceMs}) => twiceMs));
  const skipped = Math.max(0, ...all.map(({skippedMs}) => skippedMs));
  return `| ${about} | ${inTime.length} | ${[p50, p95, max].map(Math.round).join(' / ')} | ${most} | ${least} | ${twice} | ${skipped} | ${all.length - inTime.length} | ${worst} | ${lost} |`;
}
