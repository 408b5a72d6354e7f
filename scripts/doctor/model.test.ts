import {afterEach, beforeEach, expect, test} from 'vitest';
import {systemClock} from '@voicebridge/shared/time.ts';
import {startFakeOpenAI, type FakeOpenAI} from '../../simulators/openai/src/fake-openai.ts';
import {optionsFrom} from '../../simulators/openai/src/fake-openai-env.ts';
import {readSettings} from '../start/plan.ts';
import {checkModel} from './model.ts';
import {doctorSettings} from './settings.ts';

let openai: FakeOpenAI;
beforeEach(async () => {
  openai = await startFakeOpenAI({...optionsFrom({PORT: '0'}), apiKey: 'sk-test'});
});
afterEach(() => openai[Symbol.asyncDispose]());

async function told(env: Record<string, string> = {}, speak = true) {
  const set = {OPENAI_API_KEY: 'sk-test', OPENAI_REALTIME_URL: openai.url, ...env};
  const {worker} = doctorSettings(readSettings(set));
  const findings = await checkModel(worker, {speak, clock: systemClock});
  return findings.map(({level, what, cure = ''}) => `${level}: ${what} ${cure}`);
}

test('an operator learns how fast a session opens and how soon the model speaks, and what that cost', async () => {
  expect(await told()).toEqual([
    expect.stringMatching(/^\w+: gpt-realtime-2\.1 at 127\.0\.0\.1:\d+: a session is ready after \d+ ms/),
    expect.stringMatching(/^\w+: it spoke after \d+ ms, for \$0\.\d{4}/),
  ]);
});

test('an operator who wants to pay nothing has a session opened, and no more', async () => {
  expect(await told({}, false)).toHaveLength(1);
  expect(openai.sessions.flatMap(({responses}) => responses)).toEqual([]);
});

test('an operator whose credit is used up is told by the one word that the model does not say', async () => {
  openai.knobs.failResponses = 'insufficient_quota';
  expect((await told())[1]).toMatch(/^broken: .*Add credit/);
});

test.each([
  [{OPENAI_API_KEY: 'sk-wrong'}, /^broken: .*401.*Correct OPENAI_API_KEY/],
  [{OPENAI_REALTIME_URL: 'ws://127.0.0.1:1'}, /^broken: .*ECONNREFUSED.*The workers need a way out/],
  [{OPENAI_API_KEY: ''}, /^skipped: /],
])('an operator with %j is told what to correct, and no key is shown', async (env, words) => {
  const lines = await told(env);
  expect(lines).toEqual([expect.stringMatching(words)]);
  expect(lines.join()).not.toContain('sk-');
});
