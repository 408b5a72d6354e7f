import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import {afterAll, expect, test} from 'vitest';
import {AssistantsFolder} from './read-folder.ts';

const folder = mkdtempSync(join(tmpdir(), 'broken-'));
afterAll(() => rmSync(folder, {recursive: true}));
const survey = new URL('../../../../assistants/examples/survey.yaml', import.meta.url);
const WRONG = [
  '',
  '{',
  ']',
  ': ',
  '  ',
  '\t',
  '- ',
  '"',
  '&a *a',
  '!!binary x',
  '1e999',
  '~',
  '{{x}}',
  '\u0000',
  '__proto__: {a: 1}',
];

test('a file that is broken anywhere is an assistant or is told with its name, and stops nobody', async () => {
  const lines = readFileSync(survey, 'utf8').split('\n');
  using assistants = new AssistantsFolder(folder);
  for (let seed = 1; seed <= 200; seed += 1) {
    const random = seededRandom(seed);
    const broken = [...lines];
    for (let times = random.whole(1, 4); times > 0; times -= 1) {
      const at = random.whole(0, broken.length - 1);
      const [line = '', wrong = ''] = [broken[at], WRONG[random.whole(0, WRONG.length - 1)]];
      const from = random.whole(0, line.length);
      broken.splice(at, random.whole(0, 1), line.slice(0, from) + wrong + line.slice(from + random.whole(0, 3)));
    }
    writeFileSync(join(folder, 'survey.yaml'), broken.join('\n'));
    const {assistants: read, problems} = await assistants.read();
    expect(read.length > 0 || problems.length > 0, `seed ${seed}`).toBe(true);
    for (const problem of problems) {
      expect(problem, `seed ${seed}`).toMatch(/^survey\.yaml(:\d+)? \S/);
      expect(problem, `seed ${seed}`).not.toMatch(/undefined|\[object|NaN/);
    }
  }
});
