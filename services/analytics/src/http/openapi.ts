import {z} from 'zod';
import {Problem} from '../queries/bad-question.ts';
import {OPERATIONS} from './operations.ts';

const schemaOf = (schema: z.ZodType, io: 'input' | 'output') => {
  const {$schema: _, ...rest} = z.toJSONSchema(schema, {target: 'draft-2020-12', io, unrepresentable: 'any'});
  return rest;
};

/** The description of the API (OpenAPI 3.1), made from the schemas that the routes use. */
export function openApi(): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of OPERATIONS) {
    const {method, path, summary, query, body, answer, type = 'application/json'} = operation;
    const content = answer ? {[type]: {schema: schemaOf(answer, 'output')}} : {[type]: {schema: {type: 'string'}}};
    const success =
      method === 'post' && !answer ? {'204': {description: 'done'}} : {'200': {description: 'the answer', content}};
    paths[path] = {
      ...paths[path],
      [method]: {
        summary,
        parameters: [...pathParameters(path), ...(query ? queryParameters(query) : [])],
        ...(body
          ? {requestBody: {required: true, content: {'application/json': {schema: schemaOf(body, 'input')}}}}
          : {}),
        responses: {
          ...success,
          default: {
            description: 'what went wrong, and its cure',
            content: {'application/json': {schema: schemaOf(Problem, 'output')}},
          },
        },
      },
    };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Voicebridge analytics',
      version: '1',
      description: 'Durations are milliseconds; null means that something did not happen or could not be seen.',
    },
    paths,
  };
}

function pathParameters(path: string): object[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: {type: 'string'},
  }));
}

function queryParameters(query: z.ZodObject): object[] {
  return Object.entries(query.shape).map(([name, field]) => {
    const {description, ...schema} = schemaOf(field, 'input');
    return {
      name,
      in: 'query',
      required: !field.safeParse(undefined).success,
      ...(description === undefined ? {} : {description}),
      schema,
    };
  });
}
