import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {runCommand} from './run-command.ts';

/** Runs `npm run NAME -- ARGS` to its end. */
async function run(...args: string[]) {
  const command = runCommand(args, {});
  return {code: await command.exitCode, output: command.output()};
}

test.each([
  'start',
  'doctor',
  'chaos',
  'soak',
  'check',
  'demo',
  'seed-data',
  'bench barge-in',
  'bench failover',
  'bench record-accuracy',
])('a developer who mistypes an option of %s is told so in one line, and how to see them all', async command => {
  const {code, output} = await run(...command.split(' '), '--nope');
  expect(output).toMatch(/^Unknown option '--nope' \(npm .* -- --help lists the options\)\n$/);
  expect(code).toBe(1);
});

test.each(['chaos', 'soak', 'seed-data'])(
  'a developer who asks for --help reads what %s does and takes',
  async command => {
    const {code, output} = await run(command, '--help');
    expect(output).toContain(`npm run ${command} -- [options]`);
    expect(output).toMatch(/^ {2}--seed … +the same seed/m);
    expect(code).toBe(0);
  },
);

test.each([
  ['seed-data', '--days', 'abc', '--days must be a whole number from 1 to 3650'],
  ['seed-data', '--simulated', '0', '--simulated must be a whole number from 1 to 10000'],
  ['chaos', '--stay', '30-6', '--stay must be seconds, as in 6-30'],
  ['start', '--edges', '0', '--edges must be a whole number from 1 to 99'],
])('a developer who types %s %s %s is told what it must be, in one line', async (command, option, value, told) => {
  const {code, output} = await run(command, option, value);
  expect(output.trim().split('\n')).toEqual([expect.stringContaining(told)]);
  expect(code).toBe(1);
});

test('an analyst who seeds a database twice keeps what is in it, and is told how to go on; then drops it with one command', async () => {
  const folder = join(await mkdtemp(join(tmpdir(), 'seed-test-')), 'demo');
  const seed = () => run('seed-data', '--turns', '40', '--simulated', '3', '--data-dir', folder);
  expect(await seed()).toMatchObject({code: 0, output: expect.stringContaining('from 3 simulated calls')});
  const again = await seed();
  expect(again.output).toMatch(/^This database holds \d+ calls already: drop demo data with --drop, .*\n$/);
  expect(again.code).toBe(1);
  const drop = () => run('seed-data', '--drop', '--data-dir', folder);
  expect(await drop()).toMatchObject({code: 0, output: expect.stringMatching(/^demo data with \d+ calls deleted\n$/)});
  expect(await drop()).toMatchObject({code: 1, output: `There is no demo data in ${folder}.\n`});
  await rm(join(folder, '..'), {recursive: true, force: true});
});
