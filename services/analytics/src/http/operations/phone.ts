import {Dial, DialAnswer} from '../phone-routes.ts';
import type {Operation} from './operation.ts';

/** The phone in the browser. */
export const PHONE: readonly Operation[] = [
  {
    method: 'post',
    path: '/api/phone',
    id: 'dialFromBrowser',
    tag: 'phone',
    summary: 'A ticket for one call of the phone in the browser; only with BROWSER_PHONE',
    body: Dial,
    answer: DialAnswer,
  },
];
