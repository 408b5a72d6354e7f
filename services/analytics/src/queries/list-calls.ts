import type {Kysely, Selectable} from 'kysely';
import {z} from 'zod';
import {Call, type CallsPage} from './call-shapes.ts';
import {CallFilter, kindsAskedFor, matchesCall} from './call-filter.ts';
import {missingBefore} from './missing-before.ts';
import type {CallsTable, Schema} from '../database/schema.ts';

/** A page of calls, the newest first. */
export const CallsQuery = CallFilter.extend({
  limit: z
    .string()
    .regex(/^\d{1,4}$/, 'must be a whole number, 1 to 1000')
    .transform(Number)
    .refine(value => value >= 1 && value <= 1_000, 'must be a whole number, 1 to 1000')
    .default(50)
    .describe('calls per page, 1 to 1000; 50 if left out'),
  after: z
    .string()
    .meta({examples: ['1795860000000-CA0123456789abcdef0123456789abcdef']})
    .transform((text, context) => {
      const [, at, callSid] = /^(\d{12,14})-([A-Za-z0-9_-]{1,64})$/.exec(text) ?? [];
      if (at !== undefined && callSid !== undefined) return {at: new Date(Number(at)), callSid};
      context.addIssue({code: 'custom', message: 'must be `next` of an earlier page'});
      return z.NEVER;
    })
    .optional()
    .describe('`next` of the page before; a page stays where it is while new calls arrive'),
});
export type CallsQuery = z.infer<typeof CallsQuery>;

type Listed = Exclude<keyof Call, 'whole'> | 'parts' | 'partsSeen';
const LISTED: readonly Listed[] = [
  ...Object.keys(Call.shape).filter((name): name is Exclude<keyof Call, 'whole'> => name !== 'whole'),
  'parts',
  'partsSeen',
];

/** What the API answers of a call is read; notes, telephone numbers and what else only the page of a call shows are not. */
export type ListedCall = Pick<Selectable<CallsTable>, Listed>;

/** A row of `calls` as the API answers it. */
export function callOf(row: ListedCall & Partial<Selectable<CallsTable>>): Call {
  const {
    callerNumber: _caller,
    calleeNumber: _callee,
    notes: _notes,
    assistants: _assistants,
    aways: _aways,
    disclosure: _disclosure,
    answeredBy: _answeredBy,
    parts,
    partsSeen,
    ...call
  } = row;
  return {
    ...call,
    startedAt: row.startedAt.toISOString(),
    endedAt: row.endedAt.toISOString(),
    recordedAt: row.recordedAt.toISOString(),
    outcome: row.outcome ?? {},
    outcomeFilled: row.outcomeFilled ?? [],
    whole: partsSeen.length >= parts,
  };
}

/** One page of the calls that match, the newest first. */
export async function listCalls(db: Kysely<Schema>, query: CallsQuery): Promise<CallsPage> {
  const page = await pageOfCalls(db, query);
  return {...page, missingBefore: await missingBefore(db, kindsAskedFor(query), query.from)};
}

/** The same for a file, which says in its header what is missing. */
export async function pageOfCalls(db: Kysely<Schema>, query: CallsQuery): Promise<Omit<CallsPage, 'missingBefore'>> {
  const {limit} = query;
  const rows = await rowsOfCalls(db, {...query, limit: limit + 1});
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    calls: page.map(callOf),
    next: rows.length > limit && last ? `${last.startedAt.getTime()}-${last.callSid}` : null,
  };
}

/** The rows of calls that match, the newest first. */
export async function rowsOfCalls(db: Kysely<Schema>, query: CallsQuery): Promise<ListedCall[]> {
  const {after, limit} = query;
  let select = db
    .selectFrom('calls')
    .select(LISTED)
    .where(matchesCall(query))
    .orderBy('startedAt', 'desc')
    .orderBy('callSid', 'desc')
    .limit(limit);
  if (after)
    select = select.where(eb => eb(eb.refTuple('startedAt', 'callSid'), '<', eb.tuple(after.at, after.callSid)));
  return await select.execute();
}

export const Neighbours = z.object({
  newer: z.string().nullable().describe('the call that started next'),
  older: z.string().nullable().describe('the call that started before'),
});
export type Neighbours = z.infer<typeof Neighbours>;

/** The calls next to one in the list of those that match; undefined if there is no such call. */
export async function neighboursOf(
  db: Kysely<Schema>,
  callSid: string,
  filter: CallFilter,
): Promise<Neighbours | undefined> {
  const one = await db.selectFrom('calls').select('startedAt').where('callSid', '=', callSid).executeTakeFirst();
  if (!one) return undefined;
  const next = async (way: '<' | '>') => {
    const order = way === '<' ? 'desc' : 'asc';
    const row = await db
      .selectFrom('calls')
      .select('callSid')
      .where(matchesCall(filter))
      .where(eb => eb(eb.refTuple('startedAt', 'callSid'), way, eb.tuple(one.startedAt, callSid)))
      .orderBy('startedAt', order)
      .orderBy('callSid', order)
      .limit(1)
      .executeTakeFirst();
    return row?.callSid ?? null;
  };
  return {newer: await next('>'), older: await next('<')};
}
