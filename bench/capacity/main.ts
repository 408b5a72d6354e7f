/**
 * How many calls this machine carries: ramps calls through real processes and a real Redis until something is beyond its bound, and
 * recommends what to set. With --against another bridge carries the same calls, in turn with ours.
 *
 *   npm run bench
 *   npm run bench -- --against plain
 *   npm run bench -- --against 'node ../another-bridge/server.js' --webhook http://127.0.0.1:8080/voice
 */
import {mkdir, writeFile} from 'node:fs/promises';
import {dirname} from 'node:path';
import {commandLine} from '@voicebridge/shared/config/command-line.ts';
import {wholeNumber} from '@voicebridge/shared/config/config.ts';
import {z} from 'zod';
import type {Measurement} from '../load/measurement.ts';
import {machineName} from '../load/process-cost.ts';
import {RunningBridge} from '../load/running.ts';
import {otherSystem, type StartSystem, startOurs} from '../load/systems.ts';
import {ratioLine} from '../load/tables.ts';
import {drawCharts} from './chart.ts';
import {chartsOf} from './charts-of.ts';
import {Progress} from './progress.ts';
import {beyond, kneeOf, nextCalls, type Step} from './ramp.ts';
import {recommend} from './recommendation.ts';
import {headLine, stepLine, summary} from './report.ts';

const values = commandLine({
  command: 'npm run bench --',
  about:
    'How many calls this machine carries, what each costs, and what to set. npm run bench NAME runs another benchmark.',
  options: z.object({
    minutes: wholeNumber({min: 1, max: 600}).default(10).describe('the longest it may take'),
    seconds: wholeNumber({min: 2, max: 600}).default(15).describe('how long each number of calls is measured'),
    most: wholeNumber({min: 1, max: 10_000}).default(1_000).describe('the most calls to try'),
    'one-way-ms': wholeNumber({min: 1}).default(50).describe('the bound of the one-way time, p99, each way'),
    'reaction-ms': wholeNumber({min: 1}).default(80).describe('the bound of the time to fall silent, p99'),
    against: z.string().optional().describe('plain, relay, or a command that starts another bridge on PORT'),
    webhook: z
      .url()
      .optional()
      .describe('what answers with TwiML there; http://127.0.0.1:PORT/incoming-call if not given'),
    json: z.string().default('.voicebridge/bench/capacity.json').describe('the file for all figures'),
    svg: z.string().default('.voicebridge/bench/capacity.svg').describe('the file for the charts'),
  }),
});
const bounds = {oneWay: values['one-way-ms'], reaction: values['reaction-ms']};
const other = values.against === undefined ? undefined : otherSystem(values.against, values.webhook);
const progress = new Progress(values.minutes);
progress.line(
  `\n  ${machineName()}, ${new Date().toISOString().slice(0, 10)}; webhook, edge, worker and Redis are real, phones and model share the machine\n`,
);
progress.line(headLine());

const steps: Step[] = [];
const measured: {bridge: 'ours' | 'other'; figures: Measurement; wrong: readonly string[]}[] = [];
for (;;) {
  const calls = nextCalls(steps, values.most);
  if (calls === undefined || !progress.hasTimeFor(secondsFor(calls) * (other ? 2 : 1))) break;
  const wrong = await measure('ours', startOurs, calls);
  if (other) await measure('other', other, calls);
  steps.push({calls, wrong});
}

const knee = kneeOf(steps);
const best = of('ours').findLast(({figures, wrong}) => figures.calls === knee.held && wrong.length === 0)?.figures;
if (best) progress.line(summary(best, knee, recommend(best), bounds));
else progress.line('\n  This machine does not carry the fewest calls that were tried within these bounds.');
if (other) progress.line(`\n${ratioLine(measured).replaceAll(/^/gm, '  ')}`);

const [ours, theirs] = [lastOfEach('ours'), lastOfEach('other')];
const subtitle = `${machineName()}, ${new Date().toISOString().slice(0, 10)}; bounds are dashed`;
const title = best ? `${knee.held} calls at once` : 'Beyond the bounds';
await write(values.svg, drawCharts(chartsOf(ours, theirs, bounds), title, subtitle));
const recommendation = best && recommend(best);
await write(
  values.json,
  JSON.stringify({machine: machineName(), bounds, knee, recommendation, measured}, undefined, 2),
);
progress.line(`\n  ${values.svg}\n  ${values.json}\n`);
process.exit(best ? 0 : 1);

async function measure(bridge: 'ours' | 'other', start: StartSystem, calls: number): Promise<readonly string[]> {
  const phase = (text: string) => progress.now(`${bridge}, ${calls} calls: ${text}`);
  phase('starting');
  await using running = await RunningBridge.start(bridge, start);
  const figures = await running.measure({calls, seconds: values.seconds, phase});
  const wrong = beyond(figures, bounds);
  measured.push({bridge, figures, wrong});
  progress.line(stepLine(other ? bridge : '', figures, wrong));
  return wrong;
}

/** Starting, warming up and ending take as long as they did so far on machines that are busy. */
function secondsFor(calls: number): number {
  return 22 + calls / 25 + values.seconds;
}

function of(bridge: 'ours' | 'other') {
  return measured.filter(each => each.bridge === bridge);
}

/** By number of calls; of several with the same number the one in which the least went wrong. */
function lastOfEach(bridge: 'ours' | 'other'): Measurement[] {
  const best = new Map<number, {figures: Measurement; wrong: readonly string[]}>();
  for (const each of of(bridge)) {
    const known = best.get(each.figures.calls);
    if (!known || each.wrong.length <= known.wrong.length) best.set(each.figures.calls, each);
  }
  return [...best.values()].map(({figures}) => figures).toSorted((a, b) => a.calls - b.calls);
}

async function write(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), {recursive: true});
  await writeFile(file, text);
}
