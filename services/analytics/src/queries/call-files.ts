import type {Figure} from '@voicebridge/shared/cdr/figure.ts';
import {TURN_FIGURES} from '@voicebridge/shared/cdr/turn-figures.ts';
import type {Kysely} from 'kysely';
import {Call, type CallDetail} from './call-shapes.ts';
import {matchesFacets, type CallFilter, type FacetFilter} from './call-filter.ts';
import {csvLine, csvOf, type Cell} from './csv.ts';
import {type ListedCall, pageOfCalls, rowsOfCalls} from './list-calls.ts';
import {columnsOf} from '../database/figure-columns.ts';
import type {Schema} from '../database/schema.ts';
import {LOCAL} from '../auth/viewer.ts';
import {detailsOf} from './read-call.ts';
import {tidyNumbers} from './tidy-number.ts';

const PAGE = 1_000;
/** So many calls are read with all that hangs on them: some thousands of rows. */
const AT_ONCE = 100;

/** Every call that matches, the newest first. Reads the database page by page. */
export async function* callsFile(db: Kysely<Schema>, filter: CallFilter): AsyncGenerator<string> {
  const columns = Object.keys(Call.shape).filter((name): name is keyof Call => Object.hasOwn(Call.shape, name));
  yield csvLine(columns);
  let after: {at: Date; callSid: string} | undefined;
  for (;;) {
    const calls = await rowsOfCalls(db, {...filter, limit: PAGE, after});
    yield calls.map(call => csvLine(columns.map(column => cellOf(call, column)))).join('');
    const last = calls.at(-1);
    if (!last || calls.length < PAGE) return;
    after = {at: last.startedAt, callSid: last.callSid};
  }
}

/** Everything about every call that matches but what was said and noted, a line of JSON for each, the newest first. */
export async function* callsLines(db: Kysely<Schema>, filter: CallFilter): AsyncGenerator<string> {
  let after: {at: Date; callSid: string} | undefined;
  for (;;) {
    const {calls} = await pageOfCalls(db, {...filter, limit: PAGE, after});
    const callSids = calls.map(({callSid}) => callSid);
    for (let from = 0; from < callSids.length; from += AT_ONCE)
      for (const detail of await detailsOf(db, callSids.slice(from, from + AT_ONCE), LOCAL))
        yield `${JSON.stringify(detail, tidyNumbers)}\n`;
    const last = calls.at(-1);
    if (!last || calls.length < PAGE) return;
    after = {at: new Date(last.startedAt), callSid: last.callSid};
  }
}

/** What `callOf` answers, as a cell. Of each call no object is made: there may be hundreds of thousands. */
function cellOf(call: ListedCall, column: keyof Call): Cell {
  if (column === 'whole') return call.partsSeen.length >= call.parts;
  const value = call[column];
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return column === 'outcomeFilled' && value.length === 0 ? null : value.join(' ');
  // An outcome, as JSON: each assistant has fields of its own.
  if (typeof value !== 'object' || value === null) return value;
  return Object.keys(value).length === 0 ? null : JSON.stringify(value);
}

/** The columns that say which turn it is; the rest of its figures come after them. */
const LEADING = ['cause', 'assistant', 'model', 'worker'] as const;
const isLeading = ({column}: Figure) => column === 'turn' || LEADING.some(name => name === column);

/** First which turn it is, then its metrics, then what else is kept of it, and the positions in the call at the end. */
const TURN_COLUMNS = [
  'callSid',
  'turn',
  'startedAt',
  ...LEADING,
  ...columnsOf(TURN_FIGURES, figure => !isLeading(figure) && figure.metric !== undefined),
  ...columnsOf(TURN_FIGURES, figure => !isLeading(figure) && !figure.metric && figure.kind.is !== 'position'),
  ...columnsOf(TURN_FIGURES, figure => figure.kind.is === 'position'),
] as const;

/** Every turn of the calls that match, the newest call first. */
export async function* turnsFile(db: Kysely<Schema>, filter: FacetFilter): AsyncGenerator<string> {
  yield csvLine(TURN_COLUMNS);
  let after: {startedAt: Date; callSid: string; turn: number} | undefined;
  for (;;) {
    const last = after;
    let select = db.selectFrom('turns').select(TURN_COLUMNS).where(matchesFacets(filter));
    if (last)
      select = select.where(eb =>
        eb(eb.refTuple('startedAt', 'callSid', 'turn'), '<', eb.tuple(last.startedAt, last.callSid, last.turn)),
      );
    const turns = await select
      .orderBy('startedAt', 'desc')
      .orderBy('callSid', 'desc')
      .orderBy('turn', 'desc')
      .limit(PAGE)
      .execute();
    for (const turn of turns)
      yield csvLine(Object.values(inOrder({...turn, startedAt: turn.startedAt.toISOString()}, TURN_COLUMNS)));
    after = turns.at(-1);
    if (turns.length < PAGE) return;
  }
}

function inOrder(row: Readonly<Record<string, Cell>>, columns: readonly string[]): Record<string, Cell> {
  return Object.fromEntries(columns.map(column => [column, row[column]]));
}

/** The events of one call, in the order of time. */
export function callFile({turns, interruptions, toolCalls, failovers, transcript}: CallDetail): Iterable<string> {
  const events = [
    ...turns.flatMap(turn => [
      {atMs: turn.callerStartedAtMs, event: 'caller started', turn: turn.turn},
      {atMs: turn.callerEndedAtMs, event: 'caller ended', turn: turn.turn},
      {atMs: turn.decidedAtMs, event: 'turn decided', turn: turn.turn, ms: turn.endOfTurnDelayMs},
      {atMs: turn.firstDeltaAtMs, event: 'first delta', turn: turn.turn, ms: turn.modelTtfbMs},
      {atMs: turn.audioStartedAtMs, event: 'assistant started', turn: turn.turn, ms: turn.platformTurnGapMs},
      {atMs: turn.audioEndedAtMs, event: 'assistant ended', turn: turn.turn, ms: turn.heardMs, what: turn.cause},
    ]),
    ...interruptions.map(cut => ({
      atMs: cut.atMs,
      event: 'interruption',
      turn: cut.turn,
      ms: cut.reactionMs,
      what: cut.falseInterruption ? 'false' : '',
    })),
    ...toolCalls.map(tool => ({
      atMs: tool.atMs,
      event: tool.ok ? 'tool' : 'tool failed',
      turn: tool.turn,
      ms: tool.durationMs,
      what: tool.name,
    })),
    ...failovers.map(failover => ({atMs: failover.atMs, event: 'failover', ms: failover.gapMs, what: failover.kind})),
    ...transcript.map(line => ({atMs: line.atMs, event: `${line.role} said`, turn: line.turn, what: line.text})),
  ];
  const happened = events.filter(event => event.atMs !== null).toSorted((a, b) => (a.atMs ?? 0) - (b.atMs ?? 0));
  return csvOf(happened, ['atMs', 'turn', 'event', 'ms', 'what']);
}
