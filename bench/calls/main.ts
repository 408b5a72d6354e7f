/**
 * What one call costs and how fast it is, at a number of calls: one-way latency in each direction, reaction to an
 * interruption, set-up, processor time, memory and garbage collection, for each process apart. With --against the same load runs on
 * another bridge too, in turn with ours, and the ratio is printed. With --with it runs on ours again, with other settings.
 *
 *   npm run bench calls -- --calls 20,50,100 --seconds 20
 *   npm run bench calls -- --calls 20,100 --against plain --repetitions 3
 *   npm run bench calls -- --calls 40 --repetitions 4 --with RECORDING=on,RECORDINGS_URL=file:///tmp/recordings
 *   npm run bench calls -- --calls 50 --profile /tmp/profiles
 */
import {writeFile} from 'node:fs/promises';
import {commandLine} from '@voicebridge/shared/config/command-line.ts';
import {wholeNumber} from '@voicebridge/shared/config/config.ts';
import {z} from 'zod';
import type {Measurement} from '../load/measurement.ts';
import {machineName} from '../load/process-cost.ts';
import {RunningBridge} from '../load/running.ts';
import {otherSystem, type StartSystem, startOurs} from '../load/systems.ts';
import {ratioLine, tableOf} from '../load/tables.ts';

const values = commandLine({
  command: 'npm run bench calls --',
  about: 'What one call costs, and how fast it is.',
  options: z.object({
    calls: z
      .string()
      .regex(/^[1-9]\d*(,[1-9]\d*)*$/, 'must be numbers of calls with commas between')
      .default('20,50,100')
      .describe('how many calls at a time, one measurement each'),
    seconds: wholeNumber({min: 1, max: 3_600}).default(20).describe('how long each measurement takes'),
    repetitions: wholeNumber({min: 1, max: 100}).default(1).describe('how often each is measured'),
    against: z.string().optional().describe('plain, relay, or a command that starts another bridge on PORT'),
    with: z
      .string()
      .regex(/^\w+=[^,]*(,\w+=[^,]*)*$/, 'must be NAME=value, with commas between')
      .optional()
      .describe('settings with which ours is measured a second time, as the other'),
    webhook: z
      .url()
      .optional()
      .describe('what answers with TwiML there; http://127.0.0.1:PORT/incoming-call if not given'),
    only: z.enum(['ours', 'other']).optional().describe('measures one of the two'),
    profile: z
      .string()
      .optional()
      .describe('a folder for a processor profile of each process; npm run bench profile reads them'),
    json: z.string().optional().describe('a file for all figures'),
  }),
});
if (values.only === 'ours' && values.with !== undefined) {
  console.error('--with would not be measured: leave out --only, or measure --only other');
  process.exit(1);
}
const bridges: [string, StartSystem][] = [['ours', startOurs]];
if (values.against !== undefined) bridges.push(['other', otherSystem(values.against, values.webhook)]);
if (values.with !== undefined) {
  const settings = Object.fromEntries(values.with.split(',').map(each => each.split(/=(.*)/s).slice(0, 2)));
  bridges.push(['other', (modelUrl, probes) => startOurs(modelUrl, probes, settings)]);
}

console.log(`${machineName()}, ${new Date().toISOString().slice(0, 10)}`);
console.log(`${values.seconds} s each; phones and model run in one more process on the same machine\n`);
const measured: {bridge: string; figures: Measurement}[] = [];
for (const calls of values.calls.split(',').map(Number)) {
  for (let repetition = 0; repetition < values.repetitions; repetition += 1) {
    for (const [name, start] of bridges) {
      if (values.only !== undefined && values.only !== name) continue;
      process.stderr.write(`${name}, ${calls} call${calls === 1 ? '' : 's'} …\n`);
      await using bridge = await RunningBridge.start(name, start);
      measured.push({bridge: name, figures: await bridge.measure({...values, calls})});
    }
  }
}
console.log(tableOf(measured));
const line = ratioLine(measured);
if (line !== '') console.log(`\n${line}`);
if (values.json !== undefined) await writeFile(values.json, JSON.stringify(measured, undefined, 2));
process.exit(0);
