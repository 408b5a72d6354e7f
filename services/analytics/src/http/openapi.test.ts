import {expect, test} from 'vitest';
import {METRIC_NAMES} from '../queries/metric-catalogue.ts';
import {openApi, OPERATIONS} from './openapi.ts';

test('the description of the API names every route, and what each question may hold', () => {
  const text = JSON.stringify(openApi());
  for (const {path} of OPERATIONS) expect(text).toContain(`"${path}"`);
  for (const metric of METRIC_NAMES) expect(text).toContain(`"${metric}"`);
  expect(openApi()).toMatchObject({
    openapi: '3.1.0',
    paths: {
      '/api/metrics': {
        get: {
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
