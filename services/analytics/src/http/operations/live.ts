import {ActiveCalls} from '../../queries/active-calls.ts';
import {CallDetail} from '../../queries/call-shapes.ts';
import {Fleet} from '../../queries/live-fleet.ts';
import {CallPath} from '../calls-routes.ts';
import {Destinations, HungUpAnswer, TransferAnswer, TransferBody} from '../operator-routes.ts';
import type {Operation} from './operation.ts';

/** Calls in progress, and what operators do with them. */
export const LIVE: readonly Operation[] = [
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
];
