import {execFile} from 'node:child_process';
import {copyFile, mkdir, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
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

/** A file, its text, and exactly what the linter must refuse in it. */
const FILES: readonly (readonly [path: string, text: string, refused: readonly string[]])[] = [
  ['libs/shared/src/time.ts', from('./errors.ts', './redis/keys.ts'), ['./redis/keys.ts']],
  [
    'libs/shared/src/protocol/audio.ts',
    from('../redis/keys.ts', '../time.ts', './ids.ts', 'zod'),
    ['../redis/keys.ts'],
  ],
  [
    'libs/shared/src/config/config.ts',
    from('../redis/keys.ts', '../service/lifecycle.ts', '../errors.ts'),
    ['../redis/keys.ts', '../service/lifecycle.ts'],
  ],
  ['libs/shared/src/bus/any.ts', from('../frame-channel/frame-codec.ts'), ['../frame-channel/frame-codec.ts']],
  ['libs/shared/src/redis/connect.ts', from('../service/lifecycle.ts', '../errors.ts'), ['../service/lifecycle.ts']],
  ['libs/shared/src/observability/log.ts', 'export const x = process.env["X"];', ['process.env']],
  [
    'libs/shared/src/service/lifecycle.ts',
    from('@voicebridge/webhook/config.ts', '../errors.ts'),
    ['@voicebridge/webhook/config.ts'],
  ],
  [
    'services/webhook/src/admission/incoming-call.ts',
    from('@voicebridge/media-edge/leg/legs.ts', '@voicebridge/shared/time.ts'),
    ['@voicebridge/media-edge/leg/legs.ts'],
  ],
  [
    'services/webhook/src/admission/after-stream.ts',
    from('../../../media-edge/src/leg/legs.ts'),
    ['../../../media-edge/src/leg/legs.ts'],
  ],
  [
    'services/webhook/src/admission/anything-new.ts',
    from('./incoming-call.ts', '../carriers/twilio/anything-new.ts'),
    ['../carriers/twilio/anything-new.ts'],
  ],
  ['services/webhook/src/carriers/twilio/routes.ts', from('../../admission/incoming-call.ts', './request.ts'), []],
  ['services/webhook/src/start-webhook.ts', 'export const x = process.env["X"];', ['process.env']],
  ['services/webhook/src/main.ts', 'export const x = process.env["X"];', []],
  ['services/media-edge/src/leg/anything-new.ts', IO, IN_THE_CORE],
  ['services/media-edge/src/worker-link/anything-new.ts', IO, IN_THE_CORE],
  ['services/media-edge/src/carriers/anything-new.ts', IO, IN_THE_CORE],
  [
    'services/media-edge/src/leg/call-leg.ts',
    from('../carriers/carrier.ts', '../worker-link/anything-new.ts', '../carriers/twilio/from-twilio.ts'),
    ['../carriers/twilio/from-twilio.ts'],
  ],
  [
    'services/media-edge/src/carriers/twilio/from-twilio.ts',
    from('../carrier.ts', '../../leg/anything-new.ts'),
    ['../../leg/anything-new.ts'],
  ],
  ['services/realtime-worker/src/barge-in/anything-new.ts', IO, IN_THE_CORE],
  ['services/realtime-worker/src/call-session/anything-new.ts', IO, IN_THE_CORE],
  ['libs/shared/src/frame-channel/reliable-link.ts', IO, IN_THE_CORE],
  [
    'services/realtime-worker/src/call/anything-new.ts',
    from('@voicebridge/shared/redis/connect.ts', '@voicebridge/shared/protocol/ids.ts', '../barge-in/anything-new.ts'),
    ['@voicebridge/shared/redis/connect.ts'],
  ],
  [
    'services/realtime-worker/src/playback/anything-new.ts',
    from('../barge-in/anything-new.ts', '../caller-audio/loudness.ts'),
    ['../barge-in/anything-new.ts', '../caller-audio/loudness.ts'],
  ],
  [
    'services/realtime-worker/src/ownership/anything-new.ts',
    from('../start-worker.ts', '../assistant.ts', '../call-session/anything-new.ts'),
    ['../start-worker.ts'],
  ],
  ['services/realtime-worker/src/ownership/anything-new.test.ts', from('../start-worker.ts'), []],
  ['services/realtime-worker/src/testing/anything-new.ts', from('../start-worker.ts'), []],
  ['services/analytics/src/http/anything-new.ts', from('../start-analytics.ts'), ['../start-analytics.ts']],
  ['services/realtime-worker/src/a-new-room/file.ts', 'export const x = 1;', ['a-new-room']],
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
  await mkdir(join(folder, 'tools/lint'), {recursive: true});
  for (const file of ['.oxlintrc.json', 'tools/lint/rooms.js']) await copyFile(join(ROOT, file), join(folder, file));
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

test.each(FILES)('the linter refuses what breaks the levels in %s, and nothing else', (path, _, refused) => {
  const messages = problems.filter(problem => problem.filename === path).map(({message}) => message);
  const named = messages.map(message => /'([^']+)'/.exec(message)?.[1]);
  expect(new Set(named)).toEqual(new Set(refused));
});

test('no rule of the linter names a single file of a room, so that new files are covered too', async () => {
  const {overrides} = JSON.parse(await readFile(join(ROOT, '.oxlintrc.json'), 'utf8')) as {
    overrides: readonly {readonly files: readonly string[]}[];
  };
  const named = overrides
    .flatMap(({files}) => files)
    .filter(glob => !/[*][^/]*$/.test(glob) && !glob.endsWith('/main.ts'));
  expect(named).toEqual([]);
});
