import {createConfig, lintFromString} from '@redocly/openapi-core';
import {expect, test} from 'vitest';
import {z} from 'zod';
import {METRIC_NAMES} from '../queries/metric-catalogue.ts';
import {openApi} from './openapi.ts';
import {OPERATIONS} from './operations/operations.ts';

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

const Described = z.object({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({
        parameters: z.array(
          z.object({name: z.string(), in: z.string(), description: z.string().optional(), schema: z.looseObject({})}),
        ),
      }),
    ),
  ),
  components: z.object({schemas: z.record(z.string(), z.looseObject({properties: z.record(z.string(), z.unknown())}))}),
});

test('a developer reads what each parameter means, and how a value of it looks', () => {
  const {paths} = Described.parse(openApi());
  const isPlain = (schema: object) => !['enum', 'examples', 'pattern', 'maxLength'].some(word => word in schema);
  const unclear = Object.entries(paths).flatMap(([path, methods]) =>
    Object.values(methods).flatMap(({parameters}) =>
      parameters
        .filter(({in: place, description, schema}) => {
          const looks = place === 'path' ? 'examples' in schema : !isPlain(schema);
          return description === undefined || !looks;
        })
        .map(({name}) => `${path}: ${name}`),
    ),
  );
  expect(unclear).toEqual([]);
});

test('each part of a path is described, and nothing that is not in the path', () => {
  for (const {path, params} of OPERATIONS)
    expect(Object.keys(params?.shape ?? {}), path).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
});

test('a developer reads what each field of a body means', () => {
  const {schemas} = Described.parse(openApi()).components;
  const bodies = Object.entries(schemas).filter(([name]) => name.endsWith('Body'));
  expect(bodies.length).toBeGreaterThan(5);
  for (const [name, {properties}] of bodies)
    for (const [field, schema] of Object.entries(properties))
      expect(schema, `${name}.${field}`).toHaveProperty('description');
});

test('each route has a name of its own for generated clients', () => {
  const ids = OPERATIONS.map(({id}) => id);
  expect(new Set(ids).size).toBe(ids.length);
});
