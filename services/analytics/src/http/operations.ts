/* oxlint-disable max-lines -- one table: every route of the API, in one place to look */
import type {z} from 'zod';
import {ActiveCalls} from '../queries/active-calls.ts';
import {AuditAnswer, AuditQuery} from './audit-routes.ts';
import {DeliveriesAnswer, DeliveriesQuery, DeliveryPath, SentAgainAnswer} from './deliveries-routes.ts';
import {CallDetail, CallsPage} from '../queries/call-shapes.ts';
import {CallFilter, FacetFilter} from '../queries/call-filter.ts';
import {ErasedAnswer, ForgetNumber, NumberPath} from './erasure-routes.ts';
import {ConcurrencyAnswer, ConcurrencyQuery} from '../queries/concurrency.ts';
import {FacetsAnswer} from '../queries/facets.ts';
import {Fleet} from '../queries/live-fleet.ts';
import {HistogramAnswer, HistogramQuery} from '../queries/histogram.ts';
import {CallPath, FindNumber, FoundNumber} from './calls-routes.ts';
import {DifferenceAnswer, DifferenceQuery} from '../queries/difference.ts';
import {CallsQuery, Neighbours} from '../queries/list-calls.ts';
import {Destinations, HungUpAnswer, TransferAnswer, TransferBody} from './operator-routes.ts';
import {Dial, DialAnswer} from './phone-routes.ts';
import {MetricsAnswer, MetricsQuery} from '../queries/measure.ts';
import {NewRemark, NewTag, RemarkAnswer, RemarkPath, TagPath, TagsAnswer} from './remarks-routes.ts';
import {SessionAnswer, SignIn} from './sign-in-routes.ts';

/** One route of the API, with the schemas of what it reads and answers. */
export interface Operation {
  readonly method: 'get' | 'post' | 'delete';
  readonly path: string;
  /** The name that a generated client gives it. */
  readonly id: string;
  readonly tag: keyof typeof TAGS;
  readonly summary: string;
  /** What stands in its path. */
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly answer?: z.ZodType;
  /** An answer, as it looks. */
  readonly example?: object;
  readonly type?: string;
  /** Nobody has to be signed in. */
  readonly isOpen?: true;
}

/** What the routes are about. */
export const TAGS = {
  calls: 'Finished calls',
  live: 'What happens now',
  figures: 'Figures over many calls',
  files: 'What can be taken away as a file; each is noted in the audit',
  recordings: 'Calls as they were heard',
  erasure: 'Deleting for good',
  webhooks: 'What other systems are told',
  audit: 'Who did what',
  phone: 'The phone in the browser',
  'signing in': 'Sessions of browsers',
} as const;

/** Every route, with the schemas that its own code reads and answers with. */
export const OPERATIONS: readonly Operation[] = [
  {
    method: 'get',
    path: '/api/calls',
    id: 'listCalls',
    tag: 'calls',
    summary: 'Finished calls, the newest first',
    query: CallsQuery,
    answer: CallsPage,
  },
  {
    method: 'get',
    path: '/api/calls.csv',
    id: 'exportCalls',
    tag: 'files',
    summary: 'All finished calls that match, as CSV',
    query: CallFilter,
    type: 'text/csv',
  },
  {
    method: 'get',
    path: '/api/calls.jsonl',
    id: 'exportEverything',
    tag: 'files',
    summary: 'Everything about all finished calls that match but what was said and noted, a line of JSON for each',
    query: CallFilter,
    type: 'application/jsonl',
  },
  {
    method: 'get',
    path: '/api/turns.csv',
    id: 'exportTurns',
    tag: 'files',
    summary: 'Turns of many calls as CSV',
    query: FacetFilter,
    type: 'text/csv',
  },
  {
    method: 'get',
    path: '/api/calls/{callSid}',
    params: CallPath,
    id: 'readCall',
    tag: 'calls',
    summary: 'Everything about one call',
    answer: CallDetail,
  },
  {
    method: 'get',
    path: '/api/calls/{callSid}/neighbours',
    params: CallPath,
    id: 'neighbours',
    tag: 'calls',
    summary: 'The calls before and after one call, of those that match',
    query: CallFilter,
    answer: Neighbours,
    example: {newer: 'CA0123456789abcdef0123456789abcdef', older: null},
  },
  {
    method: 'post',
    path: '/api/find-number',
    id: 'findNumber',
    tag: 'calls',
    summary: 'The keyed hash of a telephone number, by which its calls are found; needs NUMBER_HASH_KEY and words',
    body: FindNumber,
    answer: FoundNumber,
    example: {callerHash: '3f2a9c61d0b84e57'},
  },
  {
    method: 'get',
    path: '/api/calls/{callSid}/timeline.csv',
    params: CallPath,
    id: 'exportTimeline',
    tag: 'files',
    summary: 'The events of one call in the order of time, as CSV',
    type: 'text/csv',
  },
  {
    method: 'post',
    path: '/api/calls/{callSid}/tags',
    params: CallPath,
    id: 'tagCall',
    tag: 'calls',
    summary: 'Puts a tag on a call; needs a sign-in or the scope tag',
    body: NewTag,
    answer: TagsAnswer,
  },
  {
    method: 'delete',
    path: '/api/calls/{callSid}/tags/{tag}',
    params: TagPath,
    id: 'untagCall',
    tag: 'calls',
    summary: 'Takes a tag off a call; needs a sign-in or the scope tag',
    answer: TagsAnswer,
  },
  {
    method: 'post',
    path: '/api/calls/{callSid}/remarks',
    params: CallPath,
    id: 'remarkOnCall',
    tag: 'calls',
    summary: 'Writes a remark on a call; needs a sign-in or the scope tag',
    body: NewRemark,
    answer: RemarkAnswer,
  },
  {
    method: 'delete',
    path: '/api/calls/{callSid}/remarks/{id}',
    params: RemarkPath,
    id: 'removeRemark',
    tag: 'calls',
    summary: 'Takes a remark away; needs a sign-in or the scope tag',
    answer: RemarkAnswer,
  },
  {
    method: 'get',
    path: '/api/calls/{callSid}/rehearsal.yaml',
    params: CallPath,
    id: 'testOfCall',
    tag: 'calls',
    summary:
      'A test of the call for npm run rehearse: what its caller did and what the model answered; needs a sign-in or the scope words',
    type: 'application/yaml',
  },
  {
    method: 'get',
    path: '/api/calls/{callSid}/recording.wav',
    params: CallPath,
    id: 'hearCall',
    tag: 'recordings',
    summary:
      'The call as it was heard, the caller left, the assistant right; in ranges; needs a sign-in or the scope words',
    type: 'audio/wav',
  },
  {
    method: 'get',
    path: '/api/calls/{callSid}/recording.peaks',
    params: CallPath,
    id: 'recordingPeaks',
    tag: 'recordings',
    summary: 'How loud the recording is: two bytes for each 20 ms, the caller and the assistant',
    type: 'application/octet-stream',
  },
  {
    method: 'delete',
    path: '/api/calls/{callSid}',
    params: CallPath,
    id: 'eraseCall',
    tag: 'erasure',
    summary: 'Deletes one call for good',
    answer: ErasedAnswer,
    example: {erased: 1, queued: 0},
  },
  {
    method: 'delete',
    path: '/api/numbers/{numberHash}',
    params: NumberPath,
    id: 'eraseNumberByHash',
    tag: 'erasure',
    summary: 'Deletes every call from or to a number, by its keyed hash',
    answer: ErasedAnswer,
  },
  {
    method: 'post',
    path: '/api/forget-number',
    id: 'forgetNumber',
    tag: 'erasure',
    summary: 'Deletes every call from or to a telephone number; needs NUMBER_HASH_KEY',
    body: ForgetNumber,
    answer: ErasedAnswer,
  },
  {
    method: 'get',
    path: '/api/metrics',
    id: 'measure',
    tag: 'figures',
    summary: 'Figures of one metric, with exact percentiles',
    query: MetricsQuery,
    answer: MetricsAnswer,
  },
  {
    method: 'get',
    path: '/api/metrics.csv',
    id: 'exportMetric',
    tag: 'files',
    summary: 'The figures of one metric as CSV',
    query: MetricsQuery,
    type: 'text/csv',
  },
  {
    method: 'get',
    path: '/api/histogram',
    id: 'histogram',
    tag: 'figures',
    summary: 'How the values of a metric are spread',
    example: {metric: 't_stop', unit: 'ms', step: 50, bins: [{from: 200, count: 17}]},
    query: HistogramQuery,
    answer: HistogramAnswer,
  },
  {
    method: 'get',
    path: '/api/concurrency',
    id: 'concurrency',
    tag: 'figures',
    summary: 'Concurrent calls: the peak of each time bucket',
    example: {bucket: 'hour', buckets: [{at: '2026-11-22T10:00:00.000Z', peak: 12}]},
    query: ConcurrencyQuery,
    answer: ConcurrencyAnswer,
  },
  {
    method: 'get',
    path: '/api/concurrency.csv',
    id: 'exportConcurrency',
    tag: 'files',
    summary: 'The peaks of concurrent calls as CSV',
    query: ConcurrencyQuery,
    type: 'text/csv',
  },
  {
    method: 'get',
    path: '/api/difference',
    id: 'difference',
    tag: 'figures',
    summary: 'How far a figure differs between two sets of calls, with a 95 % interval where there are enough values',
    query: DifferenceQuery,
    answer: DifferenceAnswer,
    example: {
      metric: 'platform_turn_gap',
      unit: 'ms',
      figure: 'p95',
      counts: [4_120, 3_987],
      difference: -41.5,
      interval: {low: -63.2, high: -18.9},
    },
  },
  {
    method: 'get',
    path: '/api/facets',
    id: 'facets',
    tag: 'figures',
    summary: 'Assistants, their versions, models and workers there are',
    answer: FacetsAnswer,
  },
  {
    method: 'get',
    path: '/api/audit',
    id: 'readAudit',
    tag: 'audit',
    summary: 'Who signed in, read, exported and deleted what; needs a sign-in, or a token with the scope audit',
    query: AuditQuery,
    answer: AuditAnswer,
  },
  {
    method: 'get',
    path: '/api/audit.csv',
    id: 'exportAudit',
    tag: 'files',
    summary: 'The whole audit as CSV, the newest first; needs a sign-in, or a token with the scope audit',
    type: 'text/csv',
  },
  {
    method: 'get',
    path: '/api/deliveries',
    id: 'listDeliveries',
    tag: 'webhooks',
    summary: 'Webhooks to other systems, the newest first: those given up, if nothing else is asked for',
    query: DeliveriesQuery,
    answer: DeliveriesAnswer,
  },
  {
    method: 'post',
    path: '/api/deliveries/{id}/send-again',
    params: DeliveryPath,
    id: 'sendAgain',
    tag: 'webhooks',
    summary: 'Sends a webhook again that was given up; needs a sign-in, or a token with the scope send',
    answer: SentAgainAnswer,
  },
  {
    method: 'get',
    path: '/api/active',
    id: 'activeCalls',
    tag: 'live',
    summary: 'The calls in progress, as their workers told them within the last seconds',
    answer: ActiveCalls,
  },
  {
    method: 'get',
    path: '/api/active/{callSid}',
    params: CallPath,
    id: 'readActiveCall',
    tag: 'live',
    summary: 'Everything about a call in progress so far',
    answer: CallDetail,
  },
  {
    method: 'post',
    path: '/api/active/{callSid}/hang-up',
    params: CallPath,
    id: 'hangUp',
    tag: 'live',
    summary: 'Ends a call in progress; needs a sign-in, or a token with the scope hang-up',
    answer: HungUpAnswer,
    example: {worker: 'worker-0123456789ab'},
  },
  {
    method: 'get',
    path: '/api/active/{callSid}/transfer',
    params: CallPath,
    id: 'transferDestinations',
    tag: 'live',
    summary:
      'Where the caller of a call in progress may be transferred to; needs a sign-in, or a token with the scope transfer',
    answer: Destinations,
    example: {allowed: ['+4722334455', '+4755*']},
  },
  {
    method: 'post',
    path: '/api/active/{callSid}/transfer',
    params: CallPath,
    id: 'transfer',
    tag: 'live',
    summary: 'Sends the caller of a call in progress to a person; needs a sign-in, or a token with the scope transfer',
    body: TransferBody,
    answer: TransferAnswer,
    example: {worker: 'worker-0123456789ab'},
  },
  {
    method: 'get',
    path: '/api/live',
    id: 'followLive',
    tag: 'live',
    summary:
      'Server-sent events: `call` with a finished call, `fleet` with workers and edges, `active` with the calls in progress',
    answer: Fleet,
    type: 'text/event-stream',
  },
  {
    method: 'get',
    path: '/api/session',
    id: 'session',
    tag: 'signing in',
    summary: 'Whether sign-in is required, and whether this browser is signed in',
    answer: SessionAnswer,
    example: {signIn: 'required', signedIn: false, demo: null},
    isOpen: true,
  },
  {
    method: 'post',
    path: '/api/phone',
    id: 'dialFromBrowser',
    tag: 'phone',
    summary: 'A ticket for one call of the phone in the browser; only with BROWSER_PHONE',
    body: Dial,
    answer: DialAnswer,
  },
  {
    method: 'post',
    path: '/api/sign-in',
    id: 'signIn',
    tag: 'signing in',
    summary: 'Signs in; sets a cookie',
    body: SignIn,
    isOpen: true,
  },
  {method: 'post', path: '/api/sign-out', id: 'signOut', tag: 'signing in', summary: 'Signs out', isOpen: true},
];
