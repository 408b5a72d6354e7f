/**
 * Where the processor time of a profile went: by module, by file and by function.
 *
 *   npm run bench calls -- --calls 50 --profile /tmp/profiles
 *   npm run bench profile /tmp/profiles
 */
import {readdir, readFile, stat} from 'node:fs/promises';
import {basename, join} from 'node:path';
import {readCommandLine} from '@voicebridge/shared/config/command-line.ts';
import {wholeNumber} from '@voicebridge/shared/config/config.ts';
import {z} from 'zod';
import {type CpuProfile, type Spent, summarise} from './summary.ts';

const [path = '', ...args] = process.argv.slice(2);
const line = readCommandLine(
  {
    command: 'npm run bench profile FILE-OR-FOLDER --',
    about: 'Where the processor time of a profile went, in ms per call-second where the file name tells the calls.',
    options: z.object({top: wholeNumber({min: 1, max: 1_000}).default(25).describe('rows of each table')}),
  },
  path.startsWith('-') ? [path] : args,
);
if (line.help !== undefined || path === '') {
  console.log(line.help ?? 'npm run bench profile FILE-OR-FOLDER');
  process.exit(path === '' ? 1 : 0);
}
const top = line.values.top;
const isFolder = (await stat(path)).isDirectory();
const files = isFolder
  ? (await readdir(path)).filter(name => name.endsWith('.cpuprofile')).map(name => join(path, name))
  : [path];
for (const file of files.toSorted()) {
  const summary = summarise(JSON.parse(await readFile(file, 'utf8')) as CpuProfile);
  // The benchmark names its profiles `worker-50-calls.cpuprofile`.
  const calls = Number(/-(\d+)-calls/.exec(file)?.[1] ?? 0);
  const per = calls > 0 ? (calls * summary.tookMs) / 1_000 : 1;
  const unit = calls > 0 ? 'ms per call-second' : 'ms';
  const busy = ((100 * summary.busyMs) / summary.tookMs).toFixed(0);
  const total = (summary.busyMs / per).toFixed(2);
  console.log(`\n# ${basename(file)}: ${total} ${unit}, JavaScript thread ${busy} % busy`);
  print('module', summary.modules, per);
  print('file', summary.files, per);
  print('function', summary.functions, per);
}

function print(title: string, rows: readonly Spent[], per: number): void {
  console.log(`\n    self  with Node  ${title}`);
  for (const {name, self, owned} of rows.slice(0, top)) {
    const cell = (ms: number, width: number) => (ms === 0 ? '' : (ms / per).toFixed(3)).padStart(width);
    console.log(`${cell(self, 8)} ${cell(owned, 10)}  ${name}`);
  }
}
