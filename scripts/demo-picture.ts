import {spawn} from 'node:child_process';
import {writeFile} from 'node:fs/promises';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import {stripVTControlCharacters} from 'node:util';
import {commandLine} from '@voicebridge/shared/config/command-line.ts';
import {z} from 'zod';
import {terminalPicture, type PrintedLine} from './demo/terminal-picture.ts';

/** Runs the demo and draws what it printed, each line at the moment at which it came: a moving picture for the README. */
const options = commandLine({
  command: 'npm run demo-picture --',
  about: 'Runs the demo and draws it as a moving picture for the README.',
  options: z.object({
    out: z
      .string()
      .default(fileURLToPath(new URL('../docs/pictures/demo.svg', import.meta.url)))
      .describe('the file for it'),
  }),
});

const [COLUMNS, ROWS] = [88, 32];
const MAIN = fileURLToPath(new URL('demo/main.ts', import.meta.url));

const lines: PrintedLine[] = [{at: performance.now(), text: '$ npm run demo'}];
const {NO_COLOR: _, ...environment} = process.env;
const demo = spawn(process.execPath, [MAIN], {
  env: {...environment, COLUMNS: String(COLUMNS), FORCE_COLOR: '1'},
  stdio: ['ignore', 'pipe', 'inherit'],
});
const exited = new Promise<number>(resolve => demo.once('exit', code => resolve(code ?? 1)));
for await (const text of createInterface({input: demo.stdout})) {
  console.log(text);
  lines.push({at: performance.now(), text});
}
const code = await exited;
if (code === 0) {
  // What follows the verdict is for those who sit at the terminal.
  const verdict = lines.findLastIndex(({text}) => /\d calls completed/.test(text));
  const hungUp = lines.findLastIndex(({text}) => /hangs up|hung up/.test(stripVTControlCharacters(text)));
  const draw = (isStill: boolean) =>
    terminalPicture(lines.slice(0, verdict + 1), {
      isStill,
      columns: COLUMNS,
      rows: ROWS,
      label:
        'A run of npm run demo in a terminal: three callers talk at once, one interrupts the assistant, and the worker of one is killed in mid-sentence',
      still: hungUp + 1,
      longestPause: 2_500,
      hold: 9_000,
    });
  for (const [file, isStill] of [
    [options.out, false],
    [options.out.replace(/(\.svg)?$/, '-still.svg'), true],
  ] as const) {
    const picture = draw(isStill);
    await writeFile(file, picture);
    console.log(`${file}  ${(picture.length / 1_000).toFixed(0)} kB`);
  }
}
process.exitCode = code;
