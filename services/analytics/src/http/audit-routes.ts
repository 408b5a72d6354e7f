import {Router} from 'express';
import {z} from 'zod';
import {AUDITED, readAudit} from '../auth/audit.ts';
import type {DatabaseWatch} from '../database/database-watch.ts';
import {auditFile} from '../queries/audit-file.ts';
import {Moment} from '../queries/call-filter.ts';
import {demand, viewerOf} from './gate.ts';
import {readRequest} from './read-request.ts';
import {sendCsv} from './send-csv.ts';

export const AuditQuery = z.strictObject({
  limit: z
    .string()
    .regex(/^\d{1,4}$/, 'must be a whole number from 1 to 1000')
    .transform(Number)
    .refine(value => value >= 1 && value <= 1_000, 'must be a whole number from 1 to 1000')
    .default(100)
    .describe('entries, 1 to 1000; 100 if left out'),
  before: Moment.optional().describe('only entries before this moment'),
});

export const AuditAnswer = z.object({
  entries: z.array(
    z.object({
      at: z.string(),
      action: z.string().describe(AUDITED.join(', ')),
      subject: z.string().describe('a CallSid, the hash of a number, the name of a file'),
      who: z.string().nullable().describe('a session or a token; null: nobody who signed in'),
      address: z.string().nullable().describe('where the request came from'),
    }),
  ),
});

/** Who signed in, read, exported and deleted what. */
export function auditRoutes(database: DatabaseWatch): Router {
  const routes = Router();
  routes.get('/api/audit', async (request, response) => {
    demand(viewerOf(request), 'audit');
    response.json({entries: await readAudit(database.now, readRequest(AuditQuery, request.query))});
  });

  routes.get('/api/audit.csv', async (request, response) => {
    demand(viewerOf(request), 'audit');
    await sendCsv(request, response, {name: 'audit.csv', lines: auditFile(database.now), database});
  });
  return routes;
}
