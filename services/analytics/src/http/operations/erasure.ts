import {CallPath} from '../calls-routes.ts';
import {ErasedAnswer, ForgetNumber, NumberPath} from '../erasure-routes.ts';
import type {Operation} from './operation.ts';

/** What deletes calls for good. */
export const ERASURE: readonly Operation[] = [
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
];
