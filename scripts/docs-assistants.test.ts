import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {AssistantsFolder} from '@voicebridge/assistant/load/read-folder.ts';
import {expect, onTestFinished, test} from 'vitest';

const guide = readFileSync(fileURLToPath(new URL('../docs/ASSISTANTS.md', import.meta.url)), 'utf8');
/** A block that begins with the path of its file is the whole file. */
const WHOLE = /^```(?:yaml|ts)\n(?:#|\/\/) assistants\/(?<name>\S+)\n(?<text>[^]*?)^```$/gm;

test('every whole file in the guide is an assistant without a mistake, and those that need each other are there', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'guide-'));
  onTestFinished(() => rmSync(folder, {recursive: true}));
  const names = [...guide.matchAll(WHOLE)].map(({groups}) => {
    writeFileSync(join(folder, groups?.['name'] ?? ''), groups?.['text'] ?? '');
    return groups?.['name'];
  });
  expect(names).toEqual([
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
  expect(read).toHaveLength(names.length);
});
