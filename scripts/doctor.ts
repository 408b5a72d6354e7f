/** `npm run doctor`: what is wrong with this system, each with its cure. */
import {fileURLToPath} from 'node:url';
import {loadEnvFile} from '@voicebridge/shared/config/env-file.ts';
import {commandLine, toggle} from '@voicebridge/shared/config/command-line.ts';
import {systemClock} from '@voicebridge/shared/time.ts';
import {z} from 'zod';
import {dim, screenOn} from './demo/screen.ts';
import {allChecks} from './doctor/all-checks.ts';
import {COST_OF_A_WORD} from './doctor/model.ts';
import {checkedLines, countsOf, reportJson, summaryLine} from './doctor/report.ts';
import {runChecks} from './doctor/run-checks.ts';
import {doctorSettings} from './doctor/settings.ts';
import {readSettings} from './start/plan.ts';

const {free, fix, json} = commandLine({
  command: 'npm run doctor --',
  about: [
    'Looks at everything that a call needs, with the settings that npm start would use: environment, Redis, database,',
    'public addresses, certificates, the number at Twilio, the model, and this machine.',
    'The exit code is 1 if something is broken, 0 otherwise, also with warnings.',
  ].join('\n'),
  options: z.object({
    free: toggle().describe(`nothing that costs money: the model is not asked for a word (${COST_OF_A_WORD})`),
    fix: toggle().describe('sets up TWILIO_NUMBER at Twilio for PUBLIC_WEBHOOK_URL'),
    json: toggle().describe('one JSON object, for a program to read'),
  }),
});

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const screen = screenOn(process.stdout, process.env['COLUMNS']);
const isLive = process.stdout.isTTY && !json;

loadEnvFile(process.env, ROOT);
const given = readSettings(process.env);
const settings = doctorSettings(given);
const speak = !free && settings.worker !== undefined;
if (!json && speak)
  screen.print(dim(`The model is asked for one word, which costs ${COST_OF_A_WORD} (-- --free: it is not).`));
if (!json) screen.print();

const began = performance.now();
const status = (running: readonly string[]) => {
  if (isLive) process.stdout.write(`\r\u001B[K${dim(`  … ${running.join(', ')}`).slice(0, screen.width)}`);
};
const checks = allChecks(given, settings, {speak, fix, clock: systemClock});
status(checks.map(({name}) => name));
const alive = setInterval(() => {}, 60_000); // the clock's timers do not keep a process
const all = await runChecks(checks, {
  clock: systemClock,
  within: 25_000,
  done(checked, running) {
    if (json) return;
    if (isLive) process.stdout.write('\r\u001B[K');
    for (const line of checkedLines(checked, screen.width)) screen.print(line);
    if (running.length > 0) status(running);
  },
});
clearInterval(alive);
if (json) screen.print(JSON.stringify(reportJson(all), null, 2));
else screen.print(`\n${summaryLine(all)} ${dim(`(${((performance.now() - began) / 1_000).toFixed(1)} s)`)}`);
process.exitCode = countsOf(all).broken > 0 ? 1 : 0;
// What was given up on may still hold a socket.
setTimeout(() => process.exit(), 500).unref();
