import {cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {AssistantsFolder} from '@voicebridge/assistant/load/read-folder.ts';
import {expect, onTestFinished, test} from 'vitest';
import {newAssistant} from './new-assistant/files.ts';
import {readCallFiles} from './rehearse/read-call-files.ts';

const path = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const guide = readFileSync(path('docs/ASSISTANTS.md'), 'utf8');
/** A block that begins with the path of its file is the whole file. */
const WHOLE = /^```(?:yaml|ts)\n(?:#|\/\/) assistants\/(?<name>\S+)\n(?<text>[^]*?)^```$/gm;

test('every whole file in the guide is an assistant without a mistake, and those that need each other are there', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'guide-'));
  onTestFinished(() => rmSync(folder, {recursive: true}));
  // As the guide begins: a new assistant, and the stand-in of the examples.
  for (const [name, text] of Object.entries(newAssistant('reception'))) writeFileSync(join(folder, name), text);
  cpSync(path('assistants/examples/lib'), join(folder, 'lib'), {recursive: true});
  const names = [...guide.matchAll(WHOLE)].map(({groups}) => {
    writeFileSync(join(folder, groups?.['name'] ?? ''), groups?.['text'] ?? '');
    return groups?.['name'];
  });
  expect(names).toEqual([
    'reception.ts',
    'reception.call.yaml',
    'orders.yaml',
    'bookings.ts',
    'questions.yaml',
    'hours.yaml',
    'welcome.yaml',
    'norsk.yaml',
    'english.yaml',
    'reminder.yaml',
    'told.yaml',
  ]);
  using assistants = new AssistantsFolder(folder);
  const {assistants: read, problems} = await assistants.read();
  expect(problems).toEqual([]);
  const {rehearsals, problems: unread} = await readCallFiles(folder);
  expect([read.length, rehearsals.length, unread]).toEqual([names.length - 1, 1, []]);
});
