/** `npm run check`: everything that a change must pass before it is pushed. What has not changed is not run again. */
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {readFile} from 'node:fs/promises';
import {createInterface} from 'node:readline';
import {text} from 'node:stream/consumers';
import {stripVTControlCharacters, styleText} from 'node:util';
import {commandLine, toggle} from '@voicebridge/shared/config/command-line.ts';
import {z} from 'zod';
import {endedIn} from './progress.ts';

/** What each task of turbo.json does, for the reader of the output. */
const STEPS: Readonly<Record<string, string>> = {
  'format:check': 'formatting   oxfmt',
  lint: 'lint         oxlint, with types',
  types: 'types        tsc',
  unused: 'dead code    knip',
  lock: 'lockfile     every platform, hashes, licences',
  'test:unit': 'unit tests   vitest',
};

/** What turbo writes about each task. Times are Unix milliseconds. */
interface TaskSummary {
  readonly task: string;
  readonly cache: {readonly status: 'HIT' | 'MISS'; readonly timeSaved: number};
  readonly execution?: {readonly startTime: number; readonly endTime: number; readonly exitCode: number | null};
  readonly logFile: string;
}

const {force} = commandLine({
  command: 'npm run check --',
  about: 'Everything a change must pass before it is pushed. What did not change is not run again.',
  options: z.object({force: toggle().describe('runs everything again')}),
});
const started = performance.now();
console.log(
  `Running ${Object.keys(STEPS).length} checks side by side; the unit tests take a minute or more, what did not change takes none.`,
);
// Grouped: turbo prints the output of a task when the task has ended.
const how = ['--ui=stream', '--output-logs=hash-only', '--log-order=grouped', '--continue=always', '--summarize'];
const turbo = spawn('turbo', ['run', ...Object.keys(STEPS), ...how, ...(force ? ['--force'] : [])], {
  stdio: ['ignore', 'pipe', 'pipe'],
  env: {...process.env, TURBO_TELEMETRY_DISABLED: '1', TURBO_NO_UPDATE_NOTIFIER: '1'},
});
let out = '';
createInterface({input: turbo.stdout}).on('line', raw => {
  const line = stripVTControlCharacters(raw);
  out += `${line}\n`;
  const ended = endedIn(line);
  if (!ended) return;
  const [what] = (STEPS[ended.task] ?? ended.task).split(/\s{2,}/);
  const took = ended.unchanged ? 'unchanged' : 'done';
  console.log(styleText('dim', `${seconds(performance.now() - started).padStart(8)}  ${what}: ${took}`));
});
const [err] = await Promise.all([text(turbo.stderr), once(turbo, 'close')]);
const summaryFile = /Summary:\s+(\S+\.json)/.exec(out)?.[1];
if (summaryFile === undefined) {
  console.error(`turbo did not run:\n${out}${err}`);
  process.exit(1);
}

const {tasks} = JSON.parse(await readFile(summaryFile, 'utf8')) as {tasks: readonly TaskSummary[]};
const failed: TaskSummary[] = [];
for (const [name, what] of Object.entries(STEPS)) {
  const task = tasks.find(other => other.task === name);
  const execution = task?.execution;
  const ok = task?.cache.status === 'HIT' || execution?.exitCode === 0;
  if (task && !ok) failed.push(task);
  const took =
    task?.cache.status === 'HIT' ? 'unchanged' : seconds((execution?.endTime ?? 0) - (execution?.startTime ?? 0));
  console.log(`${ok ? styleText('green', '✓') : styleText('red', '✗')} ${what.padEnd(42)} ${took.padStart(9)}`);
}
for (const task of failed) {
  console.log(`\n${styleText(['red', 'bold'], task.task)}`);
  console.log(await readFile(task.logFile, 'utf8').catch(() => '(it left no output)'));
}
console.log(
  `${failed.length === 0 ? 'all good' : `${failed.length} to mend`} (${seconds(performance.now() - started)})`,
);
process.exitCode = failed.length === 0 ? 0 : 1;

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
