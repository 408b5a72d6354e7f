import {execFile} from 'node:child_process';
import {copyFile, mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {afterAll, beforeAll, expect, test} from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const IN_THE_CORE = [
  'ws',
  'ioredis',
  'pino',
  'node:fs',
  'Date',
  'performance',
  'setTimeout',
  'setInterval',
  'process',
  'Math.random',
];
const IO = `
  import {WebSocket} from 'ws'; import {Redis} from 'ioredis'; import {pino} from 'pino'; import {rm} from 'node:fs';
  export const all = [WebSocket, Redis, pino, rm, Date.now(), performance.now(), setTimeout, setInterval, process.pid, Math.random()];`;
const from = (...paths: string[]) =>
  paths.map((path, n) => `import {a as a${n}} from '${path}'; export const b${n} = a${n};`).join('\n');

/** A file, what it holds, and what the linter must refuse in it; nothing else. */
const FILES: readonly (readonly [path: string, text: string, refused: readonly string[]])[] = [
  ['libs/shared/src/time.ts', from('./errors.ts'), ['./errors.ts']],
  [
    'libs/shared/src/protocol/audio.ts',
    from('../redis/keys.ts', '../time.ts', './ids.ts', 'zod'),
    ['../redis/keys.ts'],
  ],
  [
    'libs/shared/src/config.ts',
    from('./redis/keys.ts', './lifecycle.ts', './errors.ts'),
    ['./redis/keys.ts', './lifecycle.ts'],
  ],
  ['libs/shared/src/redis/connect.ts', from('../lifecycle.ts', '../log.ts'), ['../lifecycle.ts']],
  ['libs/shared/src/log.ts', 'export const x = process.env["X"];', ['process.env']],
  [
    'libs/shared/src/lifecycle.ts',
    from('@voicebridge/webhook/config.ts', './log.ts'),
    ['@voicebridge/webhook/config.ts'],
  ],
  [
    'services/webhook/src/incoming-call.ts',
    from('@voicebridge/media-edge/leg.ts', '@voicebridge/shared/time.ts'),
    ['@voicebridge/media-edge/leg.ts'],
  ],
  ['services/webhook/src/after-stream.ts', from('../../media-edge/src/leg.ts'), ['../../media-edge/src/leg.ts']],
  ['services/webhook/src/start-webhook.ts', 'export const x = process.env["X"];', ['process.env']],
  ['services/webhook/src/main.ts', 'export const x = process.env["X"];', []],
  ['services/media-edge/src/leg.ts', IO, IN_THE_CORE],
  ['services/realtime-worker/src/barge-in.ts', IO, IN_THE_CORE],
  ['libs/shared/src/frame-channel/reliable-link.ts', IO, IN_THE_CORE],
  [
    'simulators/openai/src/fake-openai.ts',
    from('@voicebridge/shared/protocol/ids.ts', '@voicebridge/shared/time.ts'),
    ['@voicebridge/shared/protocol/ids.ts'],
  ],
];

let folder = '';
let problems: {filename: string; message: string}[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'voicebridge-levels-'));
  await copyFile(join(ROOT, '.oxlintrc.json'), join(folder, '.oxlintrc.json'));
  for (const [path, text] of FILES) {
    await mkdir(dirname(join(folder, path)), {recursive: true});
    await writeFile(join(folder, path), text);
  }
  const output = await new Promise<string>(resolve => {
    execFile(join(ROOT, 'node_modules/.bin/oxlint'), ['--format=json'], {cwd: folder}, (_, stdout) => resolve(stdout));
  });
  problems = (JSON.parse(output) as {diagnostics: typeof problems}).diagnostics;
});
afterAll(() => rm(folder, {recursive: true, force: true}));

test.each(FILES)('a newcomer who writes %s against the levels is told by the linter', (path, _, refused) => {
  const messages = problems.filter(problem => problem.filename === path).map(({message}) => message);
  const named = messages.map(message => /'([^']+)'/.exec(message)?.[1]);
  expect(new Set(named)).toEqual(new Set(refused));
});
