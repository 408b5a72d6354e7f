import {EndReason} from '@voicebridge/shared/call-record.ts';
import {expressionBuilder, type Expression, type SqlBool} from 'kysely';
import {z} from 'zod';
import type {Schema} from './schema.ts';

/** A moment as people and programs write it. */
export const Moment = z
  .string()
  .describe('a moment: ISO 8601 such as 2026-11-22T10:00:00Z, or Unix milliseconds')
  .transform((text, context) => {
    const at = new Date(/^\d{12,14}$/.test(text) ? Number(text) : /^\d{4}-\d\d-\d\d/.test(text) ? text : Number.NaN);
    const year = Number.isNaN(at.getTime()) ? 0 : at.getUTCFullYear();
    if (year >= 2000 && year <= 2200) return at;
    context.addIssue({code: 'custom', message: 'must be a moment such as 2026-11-22T10:00:00Z, or Unix milliseconds'});
    return z.NEVER;
  });

const name = (about: string) => z.string().min(1, 'must not be empty').max(100).describe(about);

/** What every question about calls, turns and what hangs on them can be narrowed by. */
export const FacetFilter = z.strictObject({
  from: Moment.optional().describe('calls that started at this moment or later'),
  to: Moment.optional().describe('calls that started before this moment'),
  assistant: name('name of the assistant').optional(),
  worker: name('id of the worker').optional(),
  model: name('name of the model').optional(),
});
export type FacetFilter = z.infer<typeof FacetFilter>;

const yesOrNo = (about: string) =>
  z
    .enum(['yes', 'no'], 'must be yes or no')
    .transform(value => value === 'yes')
    .optional()
    .describe(about);

/** What only whole calls can be narrowed by. */
export const CallFilter = FacetFilter.extend({
  edge: name('id of the media edge').optional(),
  direction: z.enum(['inbound', 'outbound'], 'must be inbound or outbound').optional(),
  endReason: EndReason.optional().describe('how the call ended'),
  endedBy: z.enum(['caller', 'assistant', 'operator', 'platform']).optional(),
  callerHash: name('keyed hash of the caller’s or callee’s number').optional(),
  lastTwo: z
    .string()
    .regex(/^\d{2}$/, 'must be two digits')
    .optional()
    .describe('last two digits of the caller’s number'),
  interrupted: yesOrNo('whether the caller spoke over the assistant'),
  failedOver: yesOrNo('whether the call survived a failover'),
  search: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be a CallSid or its beginning')
    .optional()
    .describe('a CallSid or its beginning'),
});
export type CallFilter = z.infer<typeof CallFilter>;

/** The condition on any table that carries the facets. */
export function matchesFacets(filter: FacetFilter): Expression<SqlBool> {
  const eb = expressionBuilder<Schema, 'calls'>();
  return eb.and([
    ...(filter.from ? [eb('startedAt', '>=', filter.from)] : []),
    ...(filter.to ? [eb('startedAt', '<', filter.to)] : []),
    ...(filter.assistant ? [eb('assistant', '=', filter.assistant)] : []),
    ...(filter.worker ? [eb('worker', '=', filter.worker)] : []),
    ...(filter.model ? [eb('model', '=', filter.model)] : []),
  ]);
}

/** The condition on `calls`. */
export function matchesCall(filter: CallFilter): Expression<SqlBool> {
  const eb = expressionBuilder<Schema, 'calls'>();
  const {callerHash, search} = filter;
  return eb.and([
    matchesFacets(filter),
    ...(filter.edge ? [eb('edge', '=', filter.edge)] : []),
    ...(filter.direction ? [eb('direction', '=', filter.direction)] : []),
    ...(filter.endReason ? [eb('endReason', '=', filter.endReason)] : []),
    ...(filter.endedBy ? [eb('endedBy', '=', filter.endedBy)] : []),
    ...(callerHash ? [eb.or([eb('callerHash', '=', callerHash), eb('calleeHash', '=', callerHash)])] : []),
    ...(filter.lastTwo ? [eb('callerLastTwo', '=', filter.lastTwo)] : []),
    ...(filter.interrupted === undefined ? [] : [eb('bargeIns', filter.interrupted ? '>' : '=', 0)]),
    ...(filter.failedOver === undefined ? [] : [eb('failovers', filter.failedOver ? '>' : '=', 0)]),
    ...(search ? [eb.or([beginsWith(search), ...(search.startsWith('CA') ? [] : [beginsWith(`CA${search}`)])])] : []),
  ]);
}

function beginsWith(text: string): Expression<SqlBool> {
  // An underscore would stand for any character.
  return expressionBuilder<Schema, 'calls'>()('callSid', 'like', `${text.replaceAll('_', '\\_')}%`);
}
