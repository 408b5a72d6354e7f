/**
 * What a failover costs a caller: every promise of docs/RELIABILITY.md, measured on real processes under load.
 *
 *   npm run bench failover -- --calls 100 --repetitions 20 [--only worker-kill,redis] [--write]
 */
import {readFile, writeFile} from 'node:fs/promises';
import {cpus, loadavg, totalmem} from 'node:os';
import {fileURLToPath} from 'node:url';
import {commandLine, toggle} from '@voicebridge/shared/config/command-line.ts';
import {wholeNumber} from '@voicebridge/shared/config/config.ts';
import {z} from 'zod';
import {SCENES} from './scenes.ts';
import {type Row, tableOf} from './stats.ts';

const values = commandLine({
  command: 'npm run bench failover --',
  about: 'What callers notice when something dies.',
  options: z.object({
    calls: wholeNumber({min: 1, max: 10_000}).default(100).describe('how many calls at a time'),
    repetitions: wholeNumber({min: 1, max: 10_000}).default(20).describe('how often each thing dies'),
    only: z
      .string()
      .default(Object.keys(SCENES).join())
      .refine(text => text.split(',').every(name => name in SCENES), `must be of ${Object.keys(SCENES).join(', ')}`)
      .describe('which things die, with commas between'),
    ages: z
      .string()
      .regex(/^\d+(,\d+)*$/, 'must be minutes with commas between')
      .default('0,10,60')
      .describe('how old the calls of old-calls are, in minutes'),
    write: toggle().describe('writes the figures into docs/RELIABILITY.md'),
  }),
});
const plan = {calls: values.calls, repetitions: values.repetitions, ages: values.ages.split(',').map(Number)};
const load = () => loadavg()[0]?.toFixed(1);
const machine = `${cpus().length} × ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
console.log(`${machine}; ${plan.calls} calls over 3 workers and 2 edges, ${plan.repetitions} repetitions`);

const rows: Row[] = [];
for (const name of values.only.split(',')) {
  const scene = SCENES[name];
  if (!scene) throw new Error(`there is no ${name}; there are ${Object.keys(SCENES).join(', ')}`);
  const before = load();
  const measured = await scene(plan);
  rows.push(...measured);
  console.log(`\n${name} (load average ${before} → ${load()})\n${tableOf(measured)}`);
}

if (values.write) {
  const file = fileURLToPath(new URL('../../docs/RELIABILITY.md', import.meta.url));
  const command = `npm run bench failover -- --calls ${plan.calls} --repetitions ${plan.repetitions}${values.only.includes(',') ? '' : ` --only ${values.only}`}`;
  const figures = `Measured ${new Date().toISOString().slice(0, 10)} on ${machine}, everything on this one machine (services, Redis, simulated Twilio and model), by \`${command}\`.\n\n${tableOf(rows)}`;
  const text = await readFile(file, 'utf8');
  const marked = /<!-- figures -->[\s\S]*<!-- \/figures -->/;
  await writeFile(
    file,
    text.replace(marked, () => `<!-- figures -->\n\n${figures}\n\n<!-- /figures -->`),
  );
  console.log(`\nwritten to ${file}`);
}
process.exit(0);
