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
