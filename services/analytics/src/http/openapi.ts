import {z} from 'zod';
import {ProblemAnswer} from '../queries/bad-question.ts';
import {MISSING_BEFORE, MissingBefore} from '../queries/missing-before.ts';
import {SECURE_COOKIE} from './gate.ts';
import {type Operation, TAGS} from './operations/operation.ts';
import {OPERATIONS} from './operations/operations.ts';

const schemaOf = (schema: z.ZodType, io: 'input' | 'output') => {
  const {$schema: _, ...rest} = z.toJSONSchema(schema, {target: 'draft-2020-12', io, unrepresentable: 'any'});
  return rest;
};

/** `Calls` for `calls`: the name of a schema. */
const named = (id: string) => `${id.slice(0, 1).toUpperCase()}${id.slice(1)}`;

const PROBLEM: ProblemAnswer = {
  type: 'about:blank',
  title: 'Bad Request',
  status: 400,
  detail: 'from is not understood',
  field: 'from',
  cure: 'from must be a moment such as 2026-11-22T10:00:00Z, a day such as 2026-11-22, or Unix milliseconds',
};

/** The description of the API (OpenAPI 3.1), made from the schemas that the routes use. */
export function openApi(): object {
  const paths: Record<string, Record<string, object>> = {};
  const schemas: Record<string, object> = {Problem: schemaOf(ProblemAnswer, 'output')};
  for (const operation of OPERATIONS) {
    const {method, path, id, body, answer} = operation;
    if (answer) schemas[`${named(id)}Answer`] = schemaOf(answer, 'output');
    if (body) schemas[`${named(id)}Body`] = schemaOf(body, 'input');
    paths[path] = {...paths[path], [method]: describe(operation)};
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Voicebridge analytics',
      version: '1',
      description: 'Durations are milliseconds; null means that something did not happen or could not be seen.',
      license: {name: 'ISC', identifier: 'ISC'},
    },
    servers: [{url: '/', description: 'the process that serves this description'}],
    security: [{token: []}, {cookie: []}],
    tags: Object.entries(TAGS).map(([name, description]) => ({name, description})),
    paths,
    components: {
      securitySchemes: {
        token: {type: 'http', scheme: 'bearer', description: 'a token of API_TOKENS; npm run api-token makes one'},
        cookie: {
          type: 'apiKey',
          in: 'cookie',
          name: SECURE_COOKIE,
          description: 'of a browser that signed in at /api/sign-in; over http without the prefix __Host-',
        },
      },
      responses: {
        Problem: {
          description: 'what went wrong, and its cure',
          content: {'application/problem+json': {schema: {$ref: '#/components/schemas/Problem'}, example: PROBLEM}},
        },
      },
      schemas,
    },
  };
}

const MISSING_HEADER = {
  [MISSING_BEFORE]: {
    description: `not there: nothing of the time asked for is missing. Else ${MissingBefore.description ?? ''}`,
    schema: {type: 'string', format: 'date-time'},
  },
};

function describe({
  method,
  path,
  id,
  tag,
  summary,
  params,
  query,
  body,
  answer,
  example,
  type,
  isOpen,
}: Operation): object {
  const schema = answer ? {$ref: `#/components/schemas/${named(id)}Answer`} : {type: 'string'};
  const content = {[type ?? 'application/json']: {schema, ...(example === undefined ? {} : {example})}};
  // A file about a time has no room for a field.
  const headers = tag === 'files' && query ? {headers: MISSING_HEADER} : {};
  const success =
    method === 'post' && !answer
      ? {'204': {description: 'done'}}
      : {'200': {description: 'the answer', ...headers, content}};
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(isOpen === true ? {security: []} : {}),
    parameters: [...(params ? parametersIn('path', params) : []), ...(query ? parametersIn('query', query) : [])],
    ...(body
      ? {
          requestBody: {
            required: true,
            content: {'application/json': {schema: {$ref: `#/components/schemas/${named(id)}Body`}}},
          },
        }
      : {}),
    responses: {
      ...success,
      ...(path.includes('{callSid}') ? {'404': {$ref: '#/components/responses/Problem'}} : {}),
      ...(body ? {'415': {$ref: '#/components/responses/Problem'}} : {}),
      '4XX': {$ref: '#/components/responses/Problem'},
      '5XX': {$ref: '#/components/responses/Problem'},
    },
  };
}

/** One parameter for each field of a schema. */
function parametersIn(place: 'path' | 'query', fields: z.ZodObject): object[] {
  return Object.entries(fields.shape).map(([name, field]) => {
    const {description, ...schema} = schemaOf(field, 'input');
    return {
      name,
      in: place,
      required: !field.safeParse(undefined).success,
      ...(description === undefined ? {} : {description}),
      schema,
    };
  });
}
