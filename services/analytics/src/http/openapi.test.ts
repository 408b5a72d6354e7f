import {createConfig, lintFromString} from '@redocly/openapi-core';
import {expect, test} from 'vitest';
import {METRIC_NAMES} from '../queries/metric-catalogue.ts';
import {openApi} from './openapi.ts';
import {OPERATIONS} from './operations.ts';

test('a developer finds every route and every parameter in the description of the API', () => {
  const text = JSON.stringify(openApi());
  for (const {path} of OPERATIONS) expect(text).toContain(`"${path}"`);
  for (const metric of METRIC_NAMES) expect(text).toContain(`"${metric}"`);
  expect(openApi()).toMatchObject({
    openapi: '3.1.0',
    paths: {
      '/api/metrics': {
        get: {
          operationId: 'measure',
          parameters: expect.arrayContaining([
            expect.objectContaining({name: 'metric', in: 'query', required: true}),
            expect.objectContaining({
              name: 'bucket',
              required: false,
              schema: expect.objectContaining({enum: expect.arrayContaining(['hour'])}),
            }),
          ]),
        },
      },
    },
  });
});

test('a linter of such descriptions finds nothing to say', async () => {
  const config = await createConfig({extends: ['recommended-strict']});
  const problems = await lintFromString({source: JSON.stringify(openApi()), config});
  expect(problems.map(({ruleId, message, location}) => [ruleId, message, location[0]?.pointer])).toEqual([]);
});

test('each example is an answer that the API could give', () => {
  for (const {id, answer, example} of OPERATIONS) {
    if (example === undefined) continue;
    expect(answer?.safeParse(example).error, id).toBeUndefined();
  }
});

test('a developer sees how each part of a path looks', () => {
  const inPaths = JSON.stringify(openApi()).match(/"name":"\w+","in":"path".{1,60}?\}[^}]{0,60}\}/g) ?? [];
  expect(inPaths.length).toBeGreaterThan(10);
  expect(inPaths.filter(parameter => !parameter.includes('"example":'))).toEqual([]);
});

test('each route has a name of its own for generated clients', () => {
  const ids = OPERATIONS.map(({id}) => id);
  expect(new Set(ids).size).toBe(ids.length);
});
