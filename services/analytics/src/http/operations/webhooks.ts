import {DeliveriesAnswer, DeliveriesQuery, DeliveryPath, SentAgainAnswer} from '../deliveries-routes.ts';
import type {Operation} from './operation.ts';

/** What other systems were told. */
export const WEBHOOKS: readonly Operation[] = [
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
];
