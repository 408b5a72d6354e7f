/**
 * Writes the JSON Schema for editors, and the reference in docs/ASSISTANTS.md, from the schema of an assistant:
 * `node scripts/assistant-reference.ts`. A test fails while the schema is out of date.
 */
import {readFile, writeFile} from 'node:fs/promises';
import {editorSchema, fieldsOfDefinition} from '@voicebridge/assistant/editor-schema.ts';

const SCHEMA = new URL('../libs/assistant/assistant.schema.json', import.meta.url);
const DOCUMENT = new URL('../docs/ASSISTANTS.md', import.meta.url);
const MARKER = '<!-- reference -->';

await writeFile(SCHEMA, `${JSON.stringify(editorSchema(), null, 2)}\n`);
const [before = '', , after = ''] = (await readFile(DOCUMENT, 'utf8')).split(MARKER);
await writeFile(DOCUMENT, `${before}${MARKER}\n\n${table()}\n\n${MARKER}${after}`);

function table(): string {
  const rows = fieldsOfDefinition().map(({name, about, within, isCode}) => {
    const inside = within.length === 0 ? '' : ` — ${within.join('; ')}`;
    return `| \`${name}\`${isCode ? ' (code only)' : ''} | ${about}${inside} |`.replaceAll('\n', ' ');
  });
  return ['| field | meaning |', '| --- | --- |', ...rows].join('\n');
}
