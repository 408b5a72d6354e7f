import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {devNull} from 'node:os';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import {expect, test} from 'vitest';

const SAMPLE = fileURLToPath(new URL('../testing/sample-service.ts', import.meta.url));

interface Line {
  readonly level: string;
  readonly msg: string;
  readonly reason?: string;
  readonly outcome?: string;
  readonly err?: {readonly message: string};
}

/** Runs the sample service to its end. `onLine` sees each line of its log as it comes, and may send a signal. */
async function run(sample: string, onLine: (line: Line, kill: (signal: NodeJS.Signals) => void) => void = () => {}) {
  const child = spawn(process.execPath, [SAMPLE], {
    env: {PATH: process.env['PATH'], SAMPLE: sample, DOTENV_CONFIG_PATH: devNull},
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: Line[] = [];
  createInterface({input: child.stdout}).on('line', text => {
    const line = JSON.parse(text) as Line;
    lines.push(line);
    onLine(line, signal => child.kill(signal));
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return {code, lines, messages: lines.map(({msg}) => msg)};
}

test('an operator sees a process with an uncaught exception hand its calls over and exit with 1', async () => {
  const {code, lines: all} = await run('throws');
  // A fatal line is written at once and may overtake the line before it, which is still on its way to the pipe.
  const lines = all.filter(({msg}) => msg !== 'serving');
  expect(lines.map(({msg}) => msg)).toEqual(['bug: uncaught exception', 'draining', 'call handed over', 'stopped']);
  expect(lines[0]).toMatchObject({level: 'fatal', err: {message: 'a bug in one call'}});
  expect(lines[1]?.reason).toBe('uncaught exception');
  expect(lines[3]?.outcome).toBe('drained');
  expect(code).toBe(1);
});

test('another uncaught exception does not end the hand-over of the calls', async () => {
  const {code, lines, messages} = await run('throws twice');
  const bugs = lines.filter(({msg}) => msg === 'bug: uncaught exception').map(({err}) => err?.message);
  // A fatal line is written at once and may overtake another one.
  expect(new Set(bugs)).toEqual(new Set(['a bug in one call', 'a bug while draining']));
  expect(messages.slice(-2)).toEqual(['call handed over', 'stopped']);
  expect(code).toBe(1);
});

test('an operator turns debug lines on in a process that runs', async () => {
  const {messages, lines} = await run('rejects', ({msg}, kill) => {
    if (msg === 'bug: unhandled rejection') kill('SIGUSR2');
    if (msg === 'log level changed') kill('SIGTERM');
  });
  expect(lines.find(({msg}) => msg === 'log level changed')).toMatchObject({level: 'warn', now: 'debug'});
  expect(messages).toContain('draining in detail');
});

test('a process lives on after an unhandled rejection, and exits with 0 when it is asked to stop', async () => {
  const {code, lines} = await run('rejects', ({msg}, kill) => {
    if (msg === 'bug: unhandled rejection') kill('SIGTERM');
  });
  expect(lines.map(({msg, reason}) => reason ?? msg)).toEqual([
    'serving',
    'bug: unhandled rejection',
    'SIGTERM',
    'call handed over',
    'stopped',
  ]);
  expect(code).toBe(0);
});
