import {AUDIT} from './audit.ts';
import {CALLS} from './calls.ts';
import {ERASURE} from './erasure.ts';
import {FIGURES} from './figures.ts';
import {LIVE} from './live.ts';
import {PHONE} from './phone.ts';
import {SIGN_IN} from './sign-in.ts';
import {WEBHOOKS} from './webhooks.ts';
import type {Operation} from './operation.ts';

/**
 * Every route of the API, with the schemas that its own code reads and answers with. A new route is added to the file of
 * its subject.
 */
export const OPERATIONS: readonly Operation[] = [
  ...CALLS,
  ...ERASURE,
  ...FIGURES,
  ...AUDIT,
  ...WEBHOOKS,
  ...LIVE,
  ...PHONE,
  ...SIGN_IN,
];
