import {z} from 'zod';
import {CallDetail, CallsPage} from '../queries/call-shapes.ts';
import {CallFilter, FacetFilter} from '../queries/call-filter.ts';
import {ErasedAnswer, ForgetNumber} from './erasure-routes.ts';
import {ConcurrencyAnswer, ConcurrencyQuery} from '../queries/concurrency.ts';
import {FacetsAnswer} from '../queries/facets.ts';
import {Fleet} from '../queries/live-fleet.ts';
import {HistogramAnswer, HistogramQuery} from '../queries/histogram.ts';
import {CallsQuery} from '../queries/list-calls.ts';
import {MetricsAnswer, MetricsQuery} from '../queries/measure.ts';
import {Problem} from '../queries/bad-question.ts';
import {SessionAnswer, SignIn} from './sign-in-routes.ts';

interface Operation {
  readonly method: 'get' | 'post' | 'delete';
  readonly path: string;
  readonly summary: string;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly answer?: z.ZodType;
  readonly type?: string;
}

/** Every route, with the schemas that its own code reads and answers with. */
export const OPERATIONS: readonly Operation[] = [
  {
    method: 'get',
    path: '/api/calls',
    summary: 'Finished calls, the newest first',
    query: CallsQuery,
    answer: CallsPage,
  },
  {method: 'get', path: '/api/calls.csv', summary: 'The same, whole, as CSV', query: CallFilter, type: 'text/csv'},
  {method: 'get', path: '/api/turns.csv', summary: 'Turns of many calls as CSV', query: FacetFilter, type: 'text/csv'},
  {method: 'get', path: '/api/calls/{callSid}', summary: 'Everything about one call', answer: CallDetail},
  {method: 'get', path: '/api/calls/{callSid}/timeline.csv', summary: 'What happened in one call', type: 'text/csv'},
  {method: 'delete', path: '/api/calls/{callSid}', summary: 'Deletes one call for good', answer: ErasedAnswer},
  {
    method: 'delete',
    path: '/api/numbers/{numberHash}',
    summary: 'Deletes every call from or to a number, by its keyed hash',
    answer: ErasedAnswer,
  },
  {
    method: 'post',
    path: '/api/forget-number',
    summary: 'Deletes every call from or to a telephone number; needs NUMBER_HASH_KEY',
    body: ForgetNumber,
    answer: ErasedAnswer,
  },
  {
    method: 'get',
    path: '/api/metrics',
    summary: 'Figures of one metric, with exact percentiles',
    query: MetricsQuery,
    answer: MetricsAnswer,
  },
  {method: 'get', path: '/api/metrics.csv', summary: 'The same as CSV', query: MetricsQuery, type: 'text/csv'},
  {
    method: 'get',
    path: '/api/histogram',
    summary: 'How the values of a metric are spread',
    query: HistogramQuery,
    answer: HistogramAnswer,
  },
  {
    method: 'get',
    path: '/api/concurrency',
    summary: 'Calls in hand at the same time',
    query: ConcurrencyQuery,
    answer: ConcurrencyAnswer,
  },
  {method: 'get', path: '/api/facets', summary: 'Assistants, models and workers there are', answer: FacetsAnswer},
  {
    method: 'get',
    path: '/api/live',
    summary: 'Server-sent events: `call` with a finished call, `fleet` with workers and edges',
    answer: Fleet,
    type: 'text/event-stream',
  },
  {method: 'get', path: '/api/session', summary: 'Whether one must sign in, and has', answer: SessionAnswer},
  {method: 'post', path: '/api/sign-in', summary: 'Signs in; sets a cookie', body: SignIn},
  {method: 'post', path: '/api/sign-out', summary: 'Signs out'},
];

const schemaOf = (schema: z.ZodType, io: 'input' | 'output') => {
  const {$schema: _, ...rest} = z.toJSONSchema(schema, {target: 'draft-2020-12', io, unrepresentable: 'any'});
  return rest;
};

/** OpenAPI 3.1, made from what the routes themselves use. */
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
