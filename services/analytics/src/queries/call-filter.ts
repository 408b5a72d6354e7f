import {Via} from '@voicebridge/shared/protocol/via.ts';
import {END_REASONS, EndedBy, EndReason} from '@voicebridge/shared/cdr/end-reasons.ts';
import {FAILOVER_FIGURES} from '@voicebridge/shared/cdr/failover-figures.ts';
import {RingAsked} from '@voicebridge/shared/cdr/call-record.ts';
import {expressionBuilder, sql, type Expression, type SqlBool} from 'kysely';
import {z} from 'zod';
import type {Kind} from '../database/deleted-before.ts';
import type {Schema} from '../database/schema.ts';
import {kindOf, METRIC_NAMES, type MetricName, METRICS} from './metric-catalogue.ts';

/** RFC 3339, with seconds and fractions optional; or a day. */
const RFC3339 =
  /^(\d{4}-\d\d-\d\d)(?:[Tt ]((?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?)(Z|z|[+-](?:0\d|1[0-4]):[0-5]\d)?)?$/;
const EXAMPLE = '2026-11-22T10:00:00Z';

/**
 * A time as people and programs write it; for text that is not a time, what is wrong with it, as the end of a sentence.
 */
function readMoment(text: string): Date | string {
  if (/^\d{12,14}$/.test(text)) return new Date(Number(text));
  // In a URL the plus of an offset is a blank, unless it was encoded.
  const [, day, time, zone] = RFC3339.exec(text.replace(/ (\d\d:\d\d)$/, '+$1')) ?? [];
  if (day === undefined) return `must be a moment such as ${EXAMPLE}, a day such as 2026-11-22, or Unix milliseconds`;
  const midnight = new Date(`${day}T00:00:00Z`);
  if (Number.isNaN(midnight.getTime()) || midnight.toISOString().slice(0, 10) !== day)
    return 'must be a day of the calendar';
  if (time === undefined) return midnight;
  if (zone === undefined) return `must say its zone: Z for UTC, as in ${EXAMPLE}, or an offset such as +01:00`;
  return new Date(`${day}T${time}${zone.toUpperCase()}`);
}

/** A time in a request. A day without a time is its start in UTC. */
export const Moment = z
  .string()
  .meta({
    description: 'a moment with its zone: RFC 3339, a day (UTC), or Unix milliseconds',
    examples: [EXAMPLE, '2026-11-22', '1795341600000'],
  })
  .transform((text, context) => {
    const read = readMoment(text);
    const year = typeof read === 'string' ? 0 : read.getUTCFullYear();
    if (typeof read !== 'string' && year >= 2000 && year <= 2200) return read;
    const message = typeof read === 'string' ? read : 'must be between the years 2000 and 2200';
    context.addIssue({code: 'custom', message});
    return z.NEVER;
  });

const name = (about: string) =>
  z
    .string()
    .min(1, 'must not be empty')
    .max(100)
    .regex(/^\P{Cc}*$/u, 'must not hold control characters')
    .describe(about);

/** The filters of every question about calls, turns, interruptions, tool calls and failovers. */
export const FacetFilter = z.strictObject({
  from: Moment.optional().describe('calls that started at this moment or later'),
  to: Moment.optional().describe('calls that started before this moment'),
  assistant: name('name of the assistant').optional(),
  version: name('version of the assistant').optional(),
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

const amount = String.raw`-?\d{1,15}(?:\.\d{1,12})?`;
const VALUES = new RegExp(`^([a-z_]+):(${amount})?:(${amount})?$`);
const isMetric = (text: string | undefined): text is MetricName => METRIC_NAMES.some(known => known === text);

/** Calls with a value of a metric in a range, such as those behind a bar of a histogram. */
const Having = z
  .string()
  .meta({examples: ['t_stop:1500:', 'cost:0.1:0.2']})
  .transform((text, context) => {
    const [, metric, from, to] = VALUES.exec(text) ?? [];
    if (isMetric(metric))
      return {
        metric,
        from: from === undefined ? undefined : Number(from),
        to: to === undefined ? undefined : Number(to),
      };
    context.addIssue({
      code: 'custom',
      message: 'must be a metric, from and up to, such as t_stop:1500: or cost:0.1:0.2',
    });
    return z.NEVER;
  })
  .describe('calls with a value of a metric from one number up to another, either may be left out');

const {words: KINDS} = FAILOVER_FIGURES.kind.kind;
const FAILOVER_KINDS = z.enum(KINDS, `must be one of ${KINDS.join(', ')}`);

/** What analysts put on calls. */
export const Tag = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'must be up to 40 small letters, digits and -, such as to-follow-up')
  .meta({description: 'a word of up to 40 small letters, digits and -', examples: ['to-follow-up']});

/** The filters of calls. */
export const CallFilter = FacetFilter.extend({
  edge: name('id of the media edge').optional(),
  ring: z
    .enum(['asked', ...RingAsked.shape.outcome.options], 'must be asked, answered, late, failed or invalid')
    .optional()
    .describe('the outcome of the questions at ring time; `asked`: any of it'),
  direction: z
    .enum(['inbound', 'outbound'], 'must be inbound or outbound')
    .optional()
    .describe('who called: inbound, a caller called us; outbound, we called'),
  via: z
    .enum(Via.options, 'must be telephone or browser')
    .optional()
    .describe('what the caller spoke into; browser: the phone in the browser'),
  endReason: EndReason.optional().describe('how the call ended; docs/METRICS.md says what each means'),
  endedBy: EndedBy.optional().describe('who ended the call'),
  failed: yesOrNo('whether the call went wrong: it ended for a reason that counts as a failure'),
  has: Having.optional(),
  words: z
    .string()
    .min(2, 'must be at least two letters')
    .max(100)
    .optional()
    .describe('calls in which somebody said this; needs a sign-in or the scope words'),
  callerHash: name('keyed hash of the caller’s or callee’s number').optional(),
  lastTwo: z
    .string()
    .regex(/^\d{2}$/, 'must be two digits')
    .optional()
    .describe('last two digits of the caller’s number'),
  interrupted: yesOrNo('whether the caller spoke over the assistant'),
  failedOver: yesOrNo('whether the call had a failover'),
  failoverKind: FAILOVER_KINDS.optional().describe('calls with a failover of this kind'),
  tool: name('name of a tool').optional().describe('calls in which the model asked for this tool'),
  outcome: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,63}:.{1,200}$/i, 'must be a field and its value, such as booked:true')
    .transform(text => ({field: text.slice(0, text.indexOf(':')), value: text.slice(text.indexOf(':') + 1)}))
    .optional()
    .describe('how the call came out: a field of its assistant and a value, such as booked:true'),
  tag: Tag.optional().describe('calls with this tag'),
  search: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be a CallSid or its beginning')
    .optional()
    .describe('a CallSid or its beginning'),
});
export type CallFilter = z.infer<typeof CallFilter>;

/** The condition on any table with the columns of `Facets`. */
export function matchesFacets(filter: FacetFilter): Expression<SqlBool> {
  const eb = expressionBuilder<Schema, 'calls'>();
  return eb.and([
    ...(filter.from ? [eb('startedAt', '>=', filter.from)] : []),
    ...(filter.to ? [eb('startedAt', '<', filter.to)] : []),
    ...(filter.assistant ? [eb('assistant', '=', filter.assistant)] : []),
    ...(filter.version ? [eb('assistantVersion', '=', filter.version)] : []),
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
    ...(filter.ring === 'asked' ? [eb('ringOutcome', 'is not', null)] : []),
    ...(filter.ring && filter.ring !== 'asked' ? [eb('ringOutcome', '=', filter.ring)] : []),
    ...(filter.via ? [eb('via', '=', filter.via)] : []),
    ...(filter.direction ? [eb('direction', '=', filter.direction)] : []),
    ...(filter.endReason ? [eb('endReason', '=', filter.endReason)] : []),
    ...(filter.endedBy ? [eb('endedBy', '=', filter.endedBy)] : []),
    ...(callerHash ? [eb.or([eb('callerHash', '=', callerHash), eb('calleeHash', '=', callerHash)])] : []),
    ...(filter.failed === undefined ? [] : [eb('endReason', filter.failed ? 'in' : 'not in', FAILURES)]),
    ...(filter.has ? [hasValue(filter.has, filter)] : []),
    ...(filter.words ? [isSaid(filter.words, filter)] : []),
    ...(filter.lastTwo ? [eb('callerLastTwo', '=', filter.lastTwo)] : []),
    ...(filter.interrupted === undefined ? [] : [eb('bargeIns', filter.interrupted ? '>' : '=', 0)]),
    ...(filter.failedOver === undefined ? [] : [eb('failovers', filter.failedOver ? '>' : '=', 0)]),
    ...(filter.failoverKind ? [hadFailover(filter.failoverKind, filter)] : []),
    ...(filter.tool ? [askedFor(filter.tool, filter)] : []),
    ...(filter.outcome ? [sql<SqlBool>`outcome ->> ${filter.outcome.field} = ${filter.outcome.value}`] : []),
    ...(filter.tag ? [sql<SqlBool>`tags @> ARRAY[${filter.tag}]::text[]`] : []),
    ...(search ? [eb.or([beginsWith(search), ...(search.startsWith('CA') ? [] : [beginsWith(`CA${search}`)])])] : []),
  ]);
}

/** What has to be kept for a filter to find all calls that match. */
export function kindsAskedFor({has, failoverKind, tool, words}: CallFilter): readonly Kind[] {
  return [
    ...(has ? [kindOf(has.metric)] : []),
    ...(failoverKind || tool ? ['turns' as const] : []),
    ...(words === undefined ? [] : ['transcripts' as const]),
  ];
}

/** The reasons that count as failures. */
const FAILURES = EndReason.options.filter(reason => END_REASONS[reason].isFailure);

/** Some value of a metric is at least `from` and less than `to`. */
function hasValue({metric, from, to}: NonNullable<CallFilter['has']>, filter: FacetFilter): Expression<SqlBool> {
  const {of, column} = METRICS[metric];
  const value = sql.ref(column);
  const within = sql.join(
    [
      sql`${value} IS NOT NULL`,
      ...(from === undefined ? [] : [sql`${value} >= ${from}::double precision`]),
      ...(to === undefined ? [] : [sql`${value} < ${to}::double precision`]),
    ],
    sql` AND `,
  );
  if (of === 'calls') return sql<SqlBool>`(${within})`;
  return sql<SqlBool>`call_sid IN (SELECT call_sid FROM ${sql.table(of)} WHERE ${matchesFacets(filter)} AND ${within})`;
}

function hadFailover(kind: string, filter: FacetFilter): Expression<SqlBool> {
  return sql<SqlBool>`call_sid IN (SELECT call_sid FROM failovers WHERE ${matchesFacets(filter)} AND kind = ${kind})`;
}

function askedFor(tool: string, filter: FacetFilter): Expression<SqlBool> {
  return sql<SqlBool>`call_sid IN (SELECT call_sid FROM tool_calls WHERE ${matchesFacets(filter)} AND name = ${tool})`;
}

/** Somebody said it, in capitals or not. */
function isSaid(text: string, {from, to}: FacetFilter): Expression<SqlBool> {
  const pattern = `%${text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
  return sql<SqlBool>`call_sid IN (SELECT call_sid FROM transcripts WHERE ${matchesFacets({from, to})} AND text ILIKE ${pattern})`;
}

function beginsWith(text: string): Expression<SqlBool> {
  // In LIKE, an underscore stands for any character.
  return expressionBuilder<Schema, 'calls'>()('callSid', 'like', `${text.replaceAll('_', '\\_')}%`);
}
