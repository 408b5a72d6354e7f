import {afterEach, beforeEach, expect, test} from 'vitest';
import {startFakeTextModel, type FakeTextModel} from '../../simulators/openai/src/text/fake-text-model.ts';
import {readSettings} from '../start/plan.ts';
import {checkOutcomeModel} from './outcome-model.ts';
import {doctorSettings} from './settings.ts';

let model: FakeTextModel;
beforeEach(async () => {
  model = await startFakeTextModel({key: 'sk-right', values: {open_on_sunday: true}});
});
afterEach(() => model[Symbol.asyncDispose]());

async function told(env: Record<string, string> = {}, speak = true) {
  const set = {OUTCOME_MODEL_URL: model.responsesUrl, OUTCOME_MODEL: 'small', OUTCOME_MODEL_KEY: 'sk-right', ...env};
  const findings = await checkOutcomeModel(doctorSettings(readSettings(set)).outcomeModel, {speak});
  return findings.map(({level, what, cure = ''}) => `${level}: ${what} ${cure}`).join('\n');
}

test('an operator sees that the model for outcomes answers in the form that is needed', async () => {
  expect(await told()).toMatch(/^fine: small at 127\.0\.0\.1:\d+: it fills in fields/);
  expect(model.refused).toEqual([]);
});

test('an operator who wants to pay nothing has it not asked, and one without it is told what that means', async () => {
  expect(await told({}, false)).toMatch(/^skipped: .*not asked/);
  expect(await told({OUTCOME_MODEL_URL: ''})).toMatch(/^skipped: OUTCOME_MODEL_URL is not set/);
  expect(model.asked).toEqual([]);
});

test('an operator with a wrong key, or a model that understands nothing, is told so, and no key is shown', async () => {
  const wrong = await told({OUTCOME_MODEL_KEY: 'sk-wrong'});
  expect(wrong).toMatch(/^broken: .*status 401 \(invalid_api_key\) Correct OUTCOME_MODEL_URL/);
  expect(wrong).not.toContain('sk-');
  model.knobs.values = {open_on_sunday: false};
  expect(await told()).toMatch(/^broken: .*filled in false Choose another/);
});
