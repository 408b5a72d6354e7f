import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {AssistantsFolder} from '@voicebridge/assistant/load/read-folder.ts';
import {expect, test} from 'vitest';
import {readCallFiles} from '../rehearse/read-call-files.ts';
import {newAssistant} from './files.ts';

test('the files of a new assistant are right as they are written', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'assistants-'));
  for (const [file, text] of Object.entries(newAssistant('reception', '+4722334455')))
    writeFileSync(join(folder, file), text);
  using assistants = new AssistantsFolder(folder);
  const read = await assistants.read();
  const calls = await readCallFiles(folder);
  rmSync(folder, {recursive: true});
  expect(read.problems).toEqual([]);
  expect(read.assistants.map(({name, definition}) => [name, definition.answers])).toEqual([
    ['reception', ['+4722334455']],
  ]);
  expect([calls.rehearsals.map(({assistant}) => assistant), calls.problems]).toEqual([['reception'], []]);
});

test('a name that no file can have is refused with an example', () => {
  expect(newAssistant('../x')).toEqual({problem: expect.stringContaining('npm run new -- reception')});
  expect(newAssistant('')).toEqual({problem: expect.stringContaining('usage')});
  expect(newAssistant('default')).toEqual({problem: expect.stringContaining('choose another name')});
});

test('a number that no assistant can answer is refused before a file is written', () => {
  for (const number of ['22334455', '+47 22 33', "'"])
    expect(newAssistant('reception', number)).toEqual({problem: expect.stringContaining('such as +4722334455')});
  for (const number of ['*', '+4722334455', 'sip:reception@example.com'])
    expect(newAssistant('reception', number)).toHaveProperty(['reception.ts'], expect.stringContaining(number));
});
