import {readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {expect, test} from 'vitest';
import {Catalogue} from './catalogue.ts';
import {editorSchema} from './editor-schema.ts';
import {AssistantsFolder} from './load/read-folder.ts';
import {render, variablesOf} from './render.ts';
import {sampleAssistant} from './testing/sample-assistant.ts';

const root = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

test('the examples are assistants without a mistake, each with a number of its own', async () => {
  using folder = new AssistantsFolder(root('assistants/examples'));
  const {assistants, problems} = await folder.read();
  expect(problems).toEqual([]);
  const catalogue = new Catalogue(sampleAssistant, assistants);
  const {stored, code} = catalogue.answering('+4722000001');
  expect([stored.assistant.name, Object.keys(stored.tools), Object.keys(code?.tools ?? {})]).toEqual([
    'reception',
    ['to_waiter', 'find_table', 'book_table'],
    ['to_waiter', 'find_table', 'book_table'],
  ]);
  const call = {direction: 'inbound', caller: undefined, callee: '+4722000001', wall: Date.UTC(2026, 10, 28, 17, 30)};
  const {instructions} = render(stored.assistant, variablesOf(stored.assistant, call));
  expect(instructions).toContain('restaurant Fjord. Today is Saturday, 28 November 2026, and it is 18:30.');
  expect(catalogue.answering('+4722000002').stored.assistant.name).toBe('survey');
  expect(catalogue.answering('+4722000003').stored.assistant.name).toBe('weather');
});

test('editors are given the schema as it is now', () => {
  // `npm run format` writes it.
  expect(JSON.parse(readFileSync(root('libs/assistant/assistant.schema.json'), 'utf8'))).toEqual(editorSchema());
});
