import type {z} from 'zod';
import {AuditAnswer, AuditQuery} from './audit-routes.ts';
import {DeliveriesAnswer, DeliveriesQuery, SentAgainAnswer} from './deliveries-routes.ts';
import {CallDetail, CallsPage} from '../queries/call-shapes.ts';
import {CallFilter, FacetFilter} from '../queries/call-filter.ts';
import {ErasedAnswer, ForgetNumber} from './erasure-routes.ts';
import {ConcurrencyAnswer, ConcurrencyQuery} from '../queries/concurrency.ts';
import {FacetsAnswer} from '../queries/facets.ts';
import {Fleet} from '../queries/live-fleet.ts';
import {HistogramAnswer, HistogramQuery} from '../queries/histogram.ts';
import {CallsQuery} from '../queries/list-calls.ts';
import {Dial, DialAnswer} from './phone-routes.ts';
import {MetricsAnswer, MetricsQuery} from '../queries/measure.ts';
import {SessionAnswer, SignIn} from './sign-in-routes.ts';

/** One route of the API, with the schemas of what it reads and answers. */
export interface Operation {
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
  {
    method: 'get',
    path: '/api/calls.csv',
    summary: 'All finished calls that match, as CSV',
    query: CallFilter,
    type: 'text/csv',
  },
  {method: 'get', path: '/api/turns.csv', summary: 'Turns of many calls as CSV', query: FacetFilter, type: 'text/csv'},
  {method: 'get', path: '/api/calls/{callSid}', summary: 'Everything about one call', answer: CallDetail},
  {
    method: 'get',
    path: '/api/calls/{callSid}/timeline.csv',
    summary: 'The events of one call in the order of time, as CSV',
    type: 'text/csv',
  },
  {
    method: 'get',
    path: '/api/calls/{callSid}/recording.wav',
    summary:
      'The call as it was heard, the caller left, the assistant right; in ranges; needs a sign-in or the scope words',
    type: 'audio/wav',
  },
  {
    method: 'get',
    path: '/api/calls/{callSid}/recording.peaks',
    summary: 'How loud the recording is: two bytes for each 20 ms, the caller and the assistant',
    type: 'application/octet-stream',
  },
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
  {
    method: 'get',
    path: '/api/metrics.csv',
    summary: 'The figures of one metric as CSV',
    query: MetricsQuery,
    type: 'text/csv',
  },
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
    summary: 'Concurrent calls: the peak of each time bucket',
    query: ConcurrencyQuery,
    answer: ConcurrencyAnswer,
  },
  {
    method: 'get',
    path: '/api/facets',
    summary: 'Assistants, their versions, models and workers there are',
    answer: FacetsAnswer,
  },
  {
    method: 'get',
    path: '/api/audit',
    summary: 'Who signed in, read, exported and deleted what; needs a sign-in, or a token with the scope audit',
    query: AuditQuery,
    answer: AuditAnswer,
  },
  {
    method: 'get',
    path: '/api/deliveries',
    summary: 'Webhooks to other systems, the newest first: those given up, if nothing else is asked for',
    query: DeliveriesQuery,
    answer: DeliveriesAnswer,
  },
  {
    method: 'post',
    path: '/api/deliveries/{id}/send-again',
    summary: 'Sends a webhook again that was given up; needs a sign-in, or a token with the scope send',
    answer: SentAgainAnswer,
  },
  {
    method: 'get',
    path: '/api/live',
    summary: 'Server-sent events: `call` with a finished call, `fleet` with workers and edges',
    answer: Fleet,
    type: 'text/event-stream',
  },
  {
    method: 'get',
    path: '/api/session',
    summary: 'Whether sign-in is required, and whether this browser is signed in',
    answer: SessionAnswer,
  },
  {
    method: 'post',
    path: '/api/phone',
    summary: 'A ticket for one call of the phone in the browser; only with BROWSER_PHONE',
    body: Dial,
    answer: DialAnswer,
  },
  {method: 'post', path: '/api/sign-in', summary: 'Signs in; sets a cookie', body: SignIn},
  {method: 'post', path: '/api/sign-out', summary: 'Signs out'},
];
