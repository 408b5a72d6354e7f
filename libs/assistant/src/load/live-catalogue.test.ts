import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {sampleAssistant} from '../testing/sample-assistant.ts';
import {LiveCatalogue} from './live-catalogue.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'assistants-'));
});
afterEach(() => rmSync(folder, {recursive: true}));

const told: string[] = [];
const log = createLog('test', {to: {write: (line: string) => told.push(line)}});
const open = () => LiveCatalogue.open({folder, base: sampleAssistant, clock: new FakeClock(), log});
const write = (name: string, text: string) => writeFileSync(join(folder, name), text);

test('new calls get what is in the files now, and a broken file changes nothing', async () => {
  write('a.yaml', 'answers: "+4711111111"\nprompt: First.\n');
  using live = await open();
  const seen: string[] = [];
  live.onChange(({versions}) => seen.push(versions.at(-1)?.stored.assistant.instructions ?? ''));
  const answer = () => live.current.answering('+4711111111').stored.assistant.instructions;
  expect(answer()).toBe('First.');
  const {hash} = live.current.answering('+4711111111');

  write('a.yaml', 'answers: "+4711111111"\nprompt: The second.\n');
  await live.look();
  expect([answer(), seen]).toEqual(['The second.', ['The second.']]);
  expect(live.current.answering('+4711111111').hash).not.toBe(hash);

  write('a.yaml', 'answers: "+4711111111"\npromt: The third one.\n');
  told.length = 0;
  await live.look();
  await live.look();
  expect([answer(), seen.length]).toEqual(['The second.', 1]);
  expect(told.filter(line => line.includes('a.yaml:2 promt: is unknown; did you mean `prompt`?'))).toHaveLength(1);

  write('a.yaml', 'answers: "+4711111111"\nprompt: First.\n');
  await live.look();
  expect(live.current.answering('+4711111111').hash).toBe(hash);
});

test('a process does not start with a file that is wrong, and says all that is', async () => {
  write('a.yaml', 'voice: marine\n');
  write('b.yaml', 'prompt: Hi.\nmaxCallSeconds: -1\n');
  await expect(open()).rejects.toThrow(
    `the assistants in ${folder} need 2 changes:\n  a.yaml:1 voice: \`marine\` is unknown; did you mean \`marin\`?\n  b.yaml:2 maxCallSeconds: must be 0 or more`,
  );
});

test('a number without a file is answered by the assistant of the environment, unless one answers all others', async () => {
  using live = await open();
  expect(live.current.answering('+4711111111')).toBe(live.current.standard);
  write('rest.yaml', 'answers: "*"\n');
  await live.look();
  expect(live.current.answering('+4711111111').stored.assistant.name).toBe('rest');
  expect(live.current.answering(undefined).stored.assistant.name).toBe('rest');
});
