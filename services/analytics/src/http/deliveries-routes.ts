import type {Clock} from '@voicebridge/shared/time.ts';
import {Router} from 'express';
import {sql} from 'kysely';
import {z} from 'zod';
import type {DatabaseWatch} from '../database/database-watch.ts';
import {sendAgain, countDeliveries} from '../hooks/deliveries.ts';
import {BadQuestion} from '../queries/bad-question.ts';
import {demand, viewerOf} from './gate.ts';
import {readRequest} from './read-request.ts';

const STATES = ['waiting', 'delivered', 'failed'] as const;

export const DeliveriesQuery = z.strictObject({
  state: z
    .enum(STATES, 'must be waiting, delivered or failed')
    .default('failed')
    .describe('failed: given up, after three days or because the receiver said 410'),
  limit: z
    .string()
    .regex(/^\d{1,3}$/, 'must be a whole number from 1 to 500')
    .transform(Number)
    .refine(value => value >= 1 && value <= 500, 'must be a whole number from 1 to 500')
    .default(100)
    .describe('webhooks per page, 1 to 500; 100 if left out'),
  subject: z
    .string()
    .regex(/^[\w.-]{1,80}$/, 'must be a CallSid, the id of a call that was to be made, or the beginning of one')
    .optional()
    .describe('only those about this call: its id or the beginning of it'),
  after: z
    .string()
    .meta({examples: ['1795860000000-msg_2KWPBgLlAfxdpx2AI54pPJ85f4W']})
    .transform((text, context) => {
      const [, at, id] = /^(\d{12,14})-([\w.-]{1,100})$/.exec(text) ?? [];
      if (at !== undefined && id !== undefined) return {at: new Date(Number(at)), id};
      context.addIssue({code: 'custom', message: 'must be `next` of an earlier page'});
      return z.NEVER;
    })
    .optional()
    .describe('`next` of the page before'),
});

const moment = z.string().describe('ISO 8601, UTC');

export const DeliveriesAnswer = z.object({
  counts: z
    .object({waiting: z.number(), delivered: z.number(), failed: z.number()})
    .describe('how many there are in each state, of all calls'),
  deliveries: z.array(
    z.object({
      id: z.string().describe('what the receiver gets as webhook-id'),
      subject: z.string().describe('a CallSid, or a call that was to be made'),
      type: z.string(),
      receiver: z.string().describe('where it goes, without path and query: they may hold secrets'),
      state: z.enum(STATES),
      attempts: z.number().int(),
      lastError: z.string().nullable(),
      createdAt: moment,
      dueAt: moment.describe('when it is tried next'),
      settledAt: z.string().nullable(),
    }),
  ),
  next: z.string().nullable().describe('for `after`; null on the last page'),
});

export const DeliveryPath = z.object({
  id: z
    .string()
    .regex(/^[\w.-]{1,100}$/, 'must be the id of a webhook')
    .meta({description: 'which webhook', examples: ['msg_2KWPBgLlAfxdpx2AI54pPJ85f4W']}),
});
export const SentAgainAnswer = z.object({id: z.string()});

export interface DeliveriesDeps {
  readonly database: DatabaseWatch;
  /** Sends one of them now. */
  readonly send: (id: string) => void;
  readonly clock: Pick<Clock, 'wall'>;
}

/** What other systems were told, and what they did not take. */
export function deliveriesRoutes({database, send, clock}: DeliveriesDeps): Router {
  const routes = Router();

  routes.get('/api/deliveries', async (request, response) => {
    const {state, limit, subject, after} = readRequest(DeliveriesQuery, request.query);
    let select = database.now
      .selectFrom('deliveries')
      .select(['id', 'subject', 'type', 'target', 'state', 'attempts', 'lastError', 'createdAt', 'dueAt', 'settledAt'])
      .where('state', '=', state)
      .orderBy('createdAt', 'desc')
      .orderBy('id', 'desc')
      .limit(limit + 1);
    if (subject !== undefined) select = select.where(sql<boolean>`starts_with(subject, ${subject})`);
    if (after) select = select.where(eb => eb(eb.refTuple('createdAt', 'id'), '<', eb.tuple(after.at, after.id)));
    const found = await select.execute();
    const rows = found.slice(0, limit);
    const last = rows.at(-1);
    response.json({
      counts: await countDeliveries(database.now),
      next: found.length > limit && last ? `${last.createdAt.getTime()}-${last.id}` : null,
      deliveries: rows.map(({target, createdAt, dueAt, settledAt, ...row}) => ({
        ...row,
        receiver: URL.parse(target.post)?.origin ?? '',
        createdAt: createdAt.toISOString(),
        dueAt: dueAt.toISOString(),
        settledAt: settledAt?.toISOString() ?? null,
      })),
    });
  });

  routes.post('/api/deliveries/:id/send-again', async (request, response) => {
    const viewer = viewerOf(request);
    demand(viewer, 'send');
    const {id} = readRequest(DeliveryPath, request.params);
    const again = await sendAgain(database.now, id, {who: viewer.who, address: request.ip}, clock.wall());
    if (!again)
      throw new BadQuestion(
        {error: 'there is no such webhook that was given up', field: 'id', cure: 'GET /api/deliveries lists them'},
        404,
      );
    send(id);
    response.json({id});
  });
  return routes;
}
