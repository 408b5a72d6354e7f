import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, onTestFinished, test} from 'vitest';
import {readSettings} from '../start/plan.ts';
import {checkAssistants} from './assistants.ts';
import {doctorSettings} from './settings.ts';

const ACCOUNT = {TWILIO_ACCOUNT_SID: `AC${'1'.repeat(32)}`, TWILIO_AUTH_TOKEN: 'a-token-of-the-account'};
const CALLS = {
  ...ACCOUNT,
  CALLS_URL: 'http://127.0.0.1:5050',
  CALLS_TOKEN: 'a-token-with-the-scope-call',
  CALL_ALLOW: '+47*',
  CALL_FROM: '+4721000000',
};

/** What the doctor says of one assistant with these settings. */
async function saidOf(yaml: string, env: Record<string, string> = {}): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'doctor-assistants-'));
  onTestFinished(() => rmSync(folder, {recursive: true}));
  writeFileSync(join(folder, 'desk.yaml'), yaml);
  const settings = doctorSettings(readSettings({...env, ASSISTANTS_DIR: folder}));
  const found = await checkAssistants(settings);
  return found.map(({level, what, cure = ''}) => `${level}: ${what.replace(folder, 'FOLDER')} — ${cure}`);
}

const tools = (text: string) => `prompt: Be brief.\ntools: {${text}}\n`;
const WARM = tools(`to_partner: {kind: transfer, to: '+4722000011', when: Always., warm: true}`);
const CALLBACK = tools('schedule_callback: {kind: built-in, name: schedule_callback}');
const CHOSEN = tools(`to_any: {kind: transfer, to: '*', when: Always.}`);

test('an operator whose assistant has warm transfers learns that they need an account, and what callers hear without', async () => {
  const [said, ...others] = await saidOf(WARM);
  expect(said).toMatch(/^warning: desk\.yaml: to_partner is a warm transfer, and TWILIO_ACCOUNT_SID .* ring tone/);
  expect(said).toContain('— Set both on the webhook');
  expect(others).toEqual([]);
  expect(await saidOf(WARM, {TWILIO_ACCOUNT_SID: ACCOUNT.TWILIO_ACCOUNT_SID})).toEqual([said]);
  expect(await saidOf(WARM, ACCOUNT)).toEqual([expect.stringMatching(/^fine: 1 in the folder FOLDER/)]);
});

test('an operator whose assistant calls people back learns each setting that is missing for it', async () => {
  expect(await saidOf(CALLBACK)).toEqual([
    expect.stringMatching(/CALLS_URL .*TWILIO_ACCOUNT_SID .*CALL_ALLOW .* are not set/),
  ]);
  const {CALL_ALLOW: _, ...nobody} = CALLS;
  expect(await saidOf(CALLBACK, nobody)).toEqual([
    expect.stringContaining('can call nobody back: CALL_ALLOW and CALL_FROM on the webhook are not set'),
  ]);
  expect(await saidOf(CALLBACK, CALLS)).toEqual([expect.stringMatching(/^fine/)]);
});

test('an operator whose assistant leaves messages for machines learns that no call can be made', async () => {
  expect(await saidOf('voicemail: {say: Call us back.}')).toEqual([
    expect.stringMatching(/^warning: desk\.yaml: voicemail/),
  ]);
  expect(await saidOf('voicemail: {say: Call us back.}', ACCOUNT)).toEqual([expect.stringMatching(/^fine/)]);
});

test('an operator whose assistant chooses where callers go learns that nowhere is allowed', async () => {
  expect(await saidOf(CHOSEN)).toEqual([
    expect.stringMatching(/^warning: desk\.yaml: to_any may go nowhere.*TRANSFER_ALLOW/),
  ]);
  expect(await saidOf(CHOSEN, {TRANSFER_ALLOW: '+47*'})).toEqual([expect.stringMatching(/^fine/)]);
});

test('an operator whose assistant only presses keys, or transfers with a ring tone, needs no account', async () => {
  const keys = 'send_digits: {kind: built-in, name: send_digits}';
  const dialled = `to_desk: {kind: transfer, to: '+4722000009', when: Always.}`;
  expect(await saidOf(tools(`${keys}, ${dialled}`))).toEqual([expect.stringMatching(/^fine/)]);
});

test('an operator learns which file is wrong before a worker refuses to start, and that there may be no file', async () => {
  expect(await saidOf('voice: marine')).toEqual([expect.stringMatching(/^broken: desk\.yaml:1 voice: .*marin/)]);
  const settings = doctorSettings(readSettings({ASSISTANTS_DIR: join(tmpdir(), 'no', 'such', 'folder')}));
  expect(await checkAssistants(settings)).toMatchObject([{level: 'skipped'}]);
});
