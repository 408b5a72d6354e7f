import {expect, test} from 'vitest';
import {optionsFrom} from './fake-openai-env.ts';
import {defaultKnobs} from './knobs/knobs.ts';

test('an empty environment is a faithful server on port 5100', () => {
  const {port, apiKey, knobs} = optionsFrom({});
  expect([port, apiKey]).toEqual([5100, undefined]);
  expect({...defaultKnobs, ...knobs}).toEqual(defaultKnobs);
});

test('variables turn knobs, as one number or as two with a dash', () => {
  const {knobs} = optionsFrom({
    MODEL_SPEED: '4-6.5',
    MODEL_FIRST_DELTA_MS: '250',
    MODEL_TAGGED: 'on',
    MODEL_KNOBS: '{"failNextResponse":"server_error"}',
  });
  expect(knobs).toMatchObject({
    speed: [4, 6.5],
    firstDeltaMs: [250, 250],
    tagged: true,
    failNextResponse: 'server_error',
  });
});

test('every wrong variable is named at once', () => {
  expect(() => optionsFrom({PORT: 'x', MODEL_SPEED: 'fast', MODEL_KNOBS: '{"speeed":1}'})).toThrow(
    /PORT[^]*MODEL_SPEED[^]*MODEL_KNOBS there is no knob speeed/,
  );
});
