import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {onTestFinished, expect, test} from 'vitest';
import {readCallFiles} from './read-call-files.ts';
import {whoAnswers} from './who-answers.ts';

/** The rehearsals in a folder of these files, and the numbers that they call. */
async function partsIn(files: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), 'rehearsals-'));
  onTestFinished(() => rmSync(folder, {recursive: true}));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const {rehearsals, problems} = await readCallFiles(folder);
  const answered = await whoAnswers(folder, rehearsals);
  return {
    calls: answered.parts.map(({file, to}) => `${file} ${to}`),
    secrets: answered.secrets,
    problems: [...problems, ...answered.problems],
  };
}

const CALL = 'caller: [{hangsUp: true}]';
const CODE = "export default {caller: [{hangsUp: true}], expects: {heard: /day/}, to: '+4799'};";
const LINE = 'prompt: Tell the weather.\n';

test('a rehearsal calls the first number of its assistant, and one in code is like one in YAML', async () => {
  const files = {
    'shop.yaml': `${LINE}answers: ['+4722334455', '+4722334456']`,
    'shop.call.yaml': CALL,
    'rest.yaml': `${LINE}answers: '*'`,
    'rest.call.yml': CALL,
    'other.yaml': LINE,
    'other.call.ts': CODE,
    'notes.md': 'nothing',
  };
  expect(await partsIn(files)).toEqual({
    calls: ['other.call.ts +4799', 'rest.call.yml +15550100002', 'shop.call.yaml +4722334455'],
    secrets: [],
    problems: [],
  });
});

test('a rehearsal of a call out calls somebody, also for an assistant that answers no number', async () => {
  const files = {
    'poll.yaml': LINE,
    'poll.call.yaml': `callOut: {answers: person, variables: {company: Fjord}}\n${CALL}`,
    'poll.machine.call.yaml': `callOut: {answers: machine}\nto: '+4722334455'\n${CALL}`,
    'poll.fax.call.yaml': `callOut: {answers: fax}\n${CALL}`,
  };
  const {calls, problems} = await partsIn(files);
  expect(calls).toEqual(['poll.call.yaml +15550100099', 'poll.machine.call.yaml +4722334455']);
  expect(problems).toEqual([expect.stringMatching(/^poll.fax.call.yaml callOut.answers: .*person.*machine/)]);
});

test('a rehearsal that nobody answers, or that cannot be read, is named', async () => {
  const {problems} = await partsIn({
    'ghost.call.yaml': CALL,
    'silent.yaml': LINE,
    'silent.call.yaml': CALL,
    'broken.call.yaml': 'caller: [',
  });
  expect(problems).toEqual([
    expect.stringMatching(/^broken.call.yaml cannot be read: /),
    'ghost.call.yaml is for an assistant ghost, and there is none',
    'silent.call.yaml is for an assistant that answers no number: give it `answers`, or say in `to` the number of one that passes callers on to it',
  ]);
});

test('the secrets of its tools are known, those of MCP servers too', async () => {
  const {secrets} = await partsIn({
    'shop.yaml': `${LINE}tools:
  find: {kind: http, about: Finds., url: https://x.example.com, headers: {authorization: {env: SHOP}}}
  crm: {kind: mcp, url: https://y.example.com, headers: {authorization: {env: CRM}}}
  files: {kind: mcp, command: [node], env: [FILES]}`,
  });
  expect(secrets).toEqual(['SHOP', 'CRM', 'FILES']);
});
