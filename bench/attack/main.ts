/**
 * What strangers and odd peers can cost: forged and repeated requests, hostile sockets beside calls, a phone that floods, a
 * model that floods. Loopback only, bounded, against a webhook, an edge, a worker and a Redis of its own.
 *
 *   npm run bench attack -- [--parts forged,beside,phone,model,models] [--attacks edge,elsewhere] [--calls 20] [--seconds 8] [--forgeries 100000] [--sockets 2000] [--rate 400] [--write docs/SECURITY.md]
 */
import {readFileSync, writeFileSync} from 'node:fs';
import {cpus, loadavg} from 'node:os';
import {commandLine} from '@voicebridge/shared/config/command-line.ts';
import {wholeNumber} from '@voicebridge/shared/config/config.ts';
import {z} from 'zod';
import {ATTACKS, besideCalls} from './beside-calls.ts';
import {forgeries} from './forgeries.ts';
import {HOSTILE_MODELS} from './hostile-models.ts';
import {modelAttacks} from './model-attacks.ts';
import {modelFloods} from './model-floods.ts';
import {phoneFloods} from './phone-floods.ts';
import {SignedBridge} from './signed-bridge.ts';

const options = commandLine({
  command: 'npm run bench attack --',
  about: 'What hostile peers can cost, on loopback.',
  options: z.object({
    parts: z
      .string()
      .transform(text => text.split(','))
      .pipe(z.array(z.enum(['forged', 'beside', 'phone', 'model', 'models'])))
      .default(['forged', 'beside', 'phone', 'model', 'models'])
      .describe('which parts are run'),
    attacks: z
      .string()
      .transform(text => text.split(','))
      .pipe(z.array(z.enum(ATTACKS)))
      .default([...ATTACKS])
      .describe('which attacks go on beside calls'),
    models: z
      .string()
      .transform(text => text.split(','))
      .pipe(z.array(z.enum(Object.keys(HOSTILE_MODELS) as [string])))
      .default(Object.keys(HOSTILE_MODELS))
      .describe('which hostile models there are beside calls'),
    calls: wholeNumber({min: 1, max: 1_000}).default(20).describe('honest calls beside the attacks'),
    seconds: wholeNumber({min: 1, max: 600}).default(8).describe('how long each row with calls is measured'),
    forgeries: wholeNumber({min: 10, max: 1_000_000}).default(100_000).describe('forged requests and handshakes'),
    sockets: wholeNumber({min: 1, max: 20_000}).default(2_000).describe('hostile sockets'),
    again: wholeNumber({min: 0, max: 60})
      .default(1)
      .describe('in a flood, seconds until a hostile socket that was closed is opened again'),
    rate: wholeNumber({min: 1, max: 10_000})
      .default(400)
      .describe(
        'hostile sockets opened a second where it is no flood; 2,000 that are closed after six seconds take 333 to be kept open',
      ),
    away: wholeNumber({min: 0, max: 60})
      .default(0)
      .describe('beside each hostile model, how long Redis stands still meanwhile'),
    megabytes: wholeNumber({min: 1, max: 2_000}).default(200).describe('what a model sends that floods'),
    write: z.string().optional().describe('a file whose part between the marks of this benchmark is replaced'),
  }),
});

const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}, load ${loadavg()[0]?.toFixed(1)} at the beginning`;
const parts: string[] = [machine];
const began = performance.now();
/** What goes on, so that nobody waits for minutes in front of a silent terminal. */
const progress = (text: string) =>
  console.log(`${((performance.now() - began) / 60_000).toFixed(1).padStart(5)} min  ${text}`);
const tell = (title: string, text: string) => {
  parts.push(`**${title}**\n\n${text}`);
  console.log(`\n${title}\n\n${text}`);
};
console.log(machine);
const has = (part: (typeof options.parts)[number]) => options.parts.includes(part);
if (has('forged') || has('beside') || has('phone') || has('models')) {
  await using bridge = await SignedBridge.start();
  if (has('forged')) tell('Forged and repeated', await forgeries(bridge, options.forgeries, progress));
  if (has('beside')) tell('Beside calls', await besideCalls(bridge, options, progress));
  if (has('models')) tell('Hostile models beside calls', await modelAttacks(bridge, options, progress));
  if (has('phone')) tell('A phone that floods', await phoneFloods(bridge, progress));
}
if (has('model')) tell('A model that floods', await modelFloods(options.megabytes * 1_000_000, progress));

if (options.write !== undefined) {
  const [from, to] = ['<!-- bench attack -->', '<!-- end of bench attack -->'];
  const before = readFileSync(options.write, 'utf8');
  const [head = '', rest = ''] = before.split(from);
  writeFileSync(options.write, `${head}${from}\n\n${parts.join('\n\n')}\n\n${to}${rest.split(to)[1] ?? ''}`);
}
