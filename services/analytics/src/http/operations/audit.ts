import {AuditAnswer, AuditQuery} from '../audit-routes.ts';
import type {Operation} from './operation.ts';

/** Who did what. */
export const AUDIT: readonly Operation[] = [
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
];
