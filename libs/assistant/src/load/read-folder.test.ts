import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {afterEach, expect, test} from 'vitest';
import {AssistantsFolder} from './read-folder.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, {recursive: true});
});

/** A folder with these files. */
function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'assistants-'));
  folders.push(folder);
  write(folder, files);
  return folder;
}

function write(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), {recursive: true});
    writeFileSync(join(folder, name), text);
  }
}

async function problemsIn(files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  using assistants = new AssistantsFolder(folderOf(files));
  return (await assistants.read()).problems;
}

const CODE = `
import {assistant, tool} from '@voicebridge/assistant';
import {z} from 'zod';
import {open} from './lib/hours.ts';

export default assistant({
  answers: ['+4722334455', '+4722334456'],
  prompt: {file: 'reception.md'},
  variables: {company: 'Fjord', seats: 40},
  tools: {book: tool({about: 'Books.', input: z.object({people: z.number()}), run: ({people}) => open + people})},
});
`;
const files = {
  'reception.ts': CODE,
  'reception.md': 'You work for {{company}}. It is {{weekday}}.\n',
  'lib/hours.ts': "export const open: string = 'nine to five';\n",
  'weather.yaml': 'answers: "*"\nprompt: Tell the weather.\nvoice: marin\n',
  'README.md': 'not an assistant',
  'reception.call.yaml': 'caller: [{hangsUp: true}]\n',
  'weather.call.ts': 'export default {caller: [{hangsUp: true}]};\n',
};

test('an assistant is a file of code or of YAML, with its prompt beside it', async () => {
  using folder = new AssistantsFolder(folderOf(files));
  const {assistants, problems} = await folder.read();
  expect(problems).toEqual([]);
  expect(assistants.map(({name, prompt}) => [name, prompt])).toEqual([
    ['reception', 'You work for {{company}}. It is {{weekday}}.'],
    ['weather', 'Tell the weather.'],
  ]);
});

test('a folder that does not exist has no assistants: nobody must write a file', async () => {
  using folder = new AssistantsFolder('/nowhere/assistants');
  expect(await folder.read()).toEqual({assistants: [], problems: []});
});

test('code that an assistant imports is read again, and makes another version of its code', async () => {
  const at = folderOf(files);
  using folder = new AssistantsFolder(at);
  const sourceOf = async () => (await folder.read()).assistants.find(({name}) => name === 'reception')?.source;
  const first = await sourceOf();
  expect(await sourceOf()).toBe(first);
  write(at, {'lib/hours.ts': "export const open: string = 'ten to four';\n"});
  const second = await sourceOf();
  expect(second).not.toBe(first);
  expect(second).toMatch(/^[0-9a-f]{20}$/);
});

test.each<[string, string, Readonly<Record<string, string>>]>([
  [
    'a voice with a typo',
    'a.yaml:2 voice: `marine` is unknown; did you mean `marin`?',
    {'a.yaml': 'prompt: Hi.\nvoice: marine\n'},
  ],
  [
    'a field with a typo',
    'a.yaml:3 greetin: is unknown; did you mean `greeting`?',
    {'a.yaml': 'prompt: Hi.\nvoice: marin\ngreetin: Hello.\n'},
  ],
  [
    'a field with a typo, further in',
    'a.yaml:3 interruption.noisMs: is unknown; did you mean `noiseMs`?',
    {'a.yaml': 'prompt: Hi.\ninterruption:\n  noisMs: 3\n'},
  ],
  [
    'a word with a typo',
    'a.yaml:2 interruption.mode: `resum` is unknown; did you mean `resume`?',
    {'a.yaml': 'interruption:\n  mode: resum\n'},
  ],
  [
    'a word that is none of those',
    'a.yaml:1 reasoningEffort: `lots` is unknown; it must be minimal, low, medium, high or xhigh',
    {'a.yaml': 'reasoningEffort: lots\n'},
  ],
  ['a text for a number', 'a.yaml:1 maxCallSeconds: must be a number', {'a.yaml': 'maxCallSeconds: an hour\n'}],
  ['a number too large', 'a.yaml:1 maxCallSeconds: must be 86400 or less', {'a.yaml': 'maxCallSeconds: 100000\n'}],
  [
    'a number that nobody can call',
    'a.yaml:1 answers: must be a number such as +4722334455, sip:… or client:…',
    {'a.yaml': 'answers: "22334455"\n'},
  ],
  ['a greeting of the wrong form', 'a.yaml:2 greeting.tell: is unknown', {'a.yaml': 'greeting:\n  tell: Hello.\n'}],
  [
    'a variable with a typo',
    'a.yaml:3 prompt: nothing fills in {{compny}}; did you mean `company`?',
    {'a.yaml': 'variables:\n  company: Fjord\nprompt: At {{compny}}.\n'},
  ],
  [
    'a variable of the call where nothing is known of it',
    'a.yaml:1 overloadSay: nothing fills in {{caller}}; give it a value under `variables`: nothing is known of the call yet',
    {'a.yaml': 'overloadSay: Sorry, {{caller}}.\n'},
  ],
  [
    'a command that the model’s provider was to run',
    'a.yaml:2 tools.crm.command: runs on a worker: take `hosted` away',
    {'a.yaml': 'prompt: Hi.\ntools: {crm: {kind: mcp, command: [node], hosted: true}}\n'},
  ],
  [
    'a server that the model’s provider cannot reach',
    'a.yaml:3 tools.crm.url: must be https://…: the provider asks it over the internet',
    {'a.yaml': 'prompt: Hi.\ntools:\n  crm: {kind: mcp, url: http://crm.example.com, hosted: true}\n'},
  ],
  [
    'a yes for tools that the provider is not told all of',
    'a.yaml:3 tools.crm.approve: with names needs `allow` too: the provider must be told which tools need no yes',
    {
      'a.yaml':
        'prompt: Hi.\ntools:\n  crm: {kind: mcp, url: https://crm.example.com, hosted: true, approve: [find]}\n',
    },
  ],
  [
    'a prompt that is not there',
    'a.yaml:1 prompt.file: there is no a.md; there is b.md',
    {'a.yaml': 'prompt: {file: a.md}\n', 'b.md': 'Hi.'},
  ],
  [
    'a prompt elsewhere',
    'a.yaml:1 prompt.file: ../secret.md must be in the folder of the assistants',
    {'a.yaml': 'prompt: {file: ../secret.md}\n'},
  ],
  ['broken YAML', 'a.yaml:2 cannot be read as YAML: ', {'a.yaml': 'prompt: "Hi\n'}],
  [
    'YAML that grows without end',
    'a.yaml cannot be read as YAML: ',
    {
      'a.yaml': `a: &a [x, x]\n${Array.from('bcdefgh')
        .map((n, i) => `${n}: &${n} [${`*${'abcdefgh'[i]}, `.repeat(9)}]\n`)
        .join('')}`,
    },
  ],
  [
    'a kind of tool with a typo',
    'a.yaml:3 tools.order.kind: `htp` is unknown; did you mean `http`?',
    {'a.yaml': 'tools:\n  order:\n    kind: htp\n'},
  ],
  [
    'a field of a tool with a typo',
    'a.yaml:6 tools.order.tiemoutMs: is unknown; did you mean `timeoutMs`?',
    {'a.yaml': 'tools:\n  order:\n    kind: http\n    about: Orders.\n    url: https://a.example\n    tiemoutMs: 3\n'},
  ],
  [
    'a type of an argument with a typo',
    'a.yaml:7 tools.order.input.day.type: `strin` is unknown; did you mean `string`?',
    {
      'a.yaml':
        'tools:\n  order:\n    kind: http\n    about: Orders.\n    url: https://a.example\n    input:\n      day: {type: strin}\n',
    },
  ],
  [
    'a secret in a file',
    'a.yaml:6 tools.order.headers.authorization: must be {env: NAME}',
    {
      'a.yaml':
        'tools:\n  order:\n    kind: http\n    about: Orders.\n    url: https://a.example\n    headers: {authorization: Bearer abc}\n',
    },
  ],
  [
    'a secret in a URL',
    'a.yaml:5 tools.order.url: must have no secret in it: use headers, with {env: NAME}',
    {'a.yaml': 'tools:\n  order:\n    kind: http\n    about: Orders.\n    url: https://a.example?token=abc\n'},
  ],
  [
    'digits in the URL of a GET',
    'a.yaml:6 tools.check.secrets: would stand in the URL of a GET: use POST',
    {
      'a.yaml':
        'tools:\n  check:\n    kind: http\n    about: Checks.\n    url: https://a.example\n    secrets: [pin]\n  pin: {kind: collect-digits, as: pin}\n',
    },
  ],
  [
    'the name of digits with a typo',
    'a.yaml:7 tools.check.secrets: no tool collects `pn`; did you mean `pin`?',
    {
      'a.yaml':
        'tools:\n  check:\n    kind: http\n    about: Checks.\n    method: POST\n    url: https://a.example\n    secrets: [pn]\n  pin: {kind: collect-digits, as: pin}\n',
    },
  ],
  [
    'an assistant to switch to with a typo',
    'a.yaml tools.pass.to: there is no `biling`; did you mean `billing`?',
    {'a.yaml': 'tools:\n  pass: {kind: switch-to, to: [biling]}\n', 'billing.yaml': 'prompt: Hi.\n'},
  ],
  [
    'an assistant to switch to that has another model',
    'a.yaml tools.pass.to: billing has another `model`',
    {'a.yaml': 'tools:\n  pass: {kind: switch-to, to: [billing]}\n', 'billing.yaml': 'model: m2\n'},
  ],
  ['a name that is taken', 'default.yaml must have another name: ', {'default.yaml': 'prompt: Hi.\n'}],
  ['code without an assistant', 'a.ts must end in `export default assistant({…})`', {'a.ts': 'export const b = 1;\n'}],
  ['code with an error in it', 'a.ts cannot be imported: boom (a.ts:2)', {'a.ts': "\nthrow new Error('boom');\n"}],
  ['code that is not TypeScript', 'a.ts cannot be imported: ', {'a.ts': 'export default {,};\n'}],
  [
    'an import that is not there',
    "a.ts cannot be imported: Cannot find module 'lib/x.ts'",
    {'a.ts': "import './lib/x.ts';\n"},
  ],
  [
    'a field of code with a typo',
    'a.ts temperatur: is unknown; did you mean `temperature`?',
    {'a.ts': 'export default {temperatur: 1};\n'},
  ],
  [
    'a tool without words to the model',
    'a.ts tools.book.about: is missing; it must be a text',
    {'a.ts': "export default {tools: {book: {kind: 'code', run() {}}}};\n"},
  ],
  [
    'tools that no session of the model can be read with',
    'a.ts tools: are too large for a session of the model: as JSON they have',
    {
      'a.ts': `
import {z} from 'zod';
const input = z.object(Object.fromEntries(Array.from({length: 300}, (_, n) => ['f' + n, z.string()])));
export default {tools: Object.fromEntries(Array.from({length: 40}, (_, n) =>
  ['t' + n, {kind: 'code', about: 'Does.', input, run() {}}]))};
`,
    },
  ],
  [
    'one number for two',
    'b.yaml answers: +4722334455 is answered by a.yaml already: take it out of one of them',
    {'a.yaml': 'answers: "+4722334455"\n', 'b.yaml': 'answers: ["+4722334455"]\n'},
  ],
  [
    'one name for two',
    'a.yaml and a.ts define one assistant: keep one of them',
    {'a.yaml': 'prompt: Hi.\n', 'a.ts': 'export default {};\n'},
  ],
])('who writes %s is told so', async (_, expected, files) => {
  const problems = await problemsIn(files);
  expect(
    problems.some(problem => problem.startsWith(expected)),
    problems.join('\n'),
  ).toBe(true);
});
