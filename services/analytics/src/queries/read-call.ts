import {FAILOVER_FIGURES} from '@voicebridge/shared/cdr/failover-figures.ts';
import {INTERRUPTION_FIGURES} from '@voicebridge/shared/cdr/interruption-figures.ts';
import {TOOL_CALL_FIGURES} from '@voicebridge/shared/cdr/tool-call-figures.ts';
import {TURN_FIGURES} from '@voicebridge/shared/cdr/turn-figures.ts';
import {sql, type Kysely} from 'kysely';
import {columnsOf} from '../database/figure-columns.ts';
import type {CallDetail} from './call-shapes.ts';
import {callOf} from './list-calls.ts';
import type {RecordingState, Schema} from '../database/schema.ts';
import {audit} from '../auth/audit.ts';
import type {Viewer} from '../auth/viewer.ts';

/**
 * Everything about one call; undefined when there is no such call. Transcripts, notes, what tools were asked and
 * answered, and telephone numbers are shown only to a viewer who may see them, and each time the audit gets a row.
 */
export async function readCall(
  db: Kysely<Schema>,
  callSid: string,
  viewer: Viewer,
  address?: string,
): Promise<CallDetail | undefined> {
  const detail = await detailOf(db, callSid, viewer);
  if (detail && showsPrivate(detail))
    await audit(db, {action: 'transcript.read', subject: callSid, who: viewer.who, address});
  return detail;
}

function showsPrivate({transcript, notes, remarks, toolCalls, callerNumber, calleeNumber}: CallDetail): boolean {
  const hasWords =
    transcript.length > 0 ||
    remarks.length > 0 ||
    Object.keys(notes).length > 0 ||
    toolCalls.some(tool => tool.arguments !== null || tool.result !== null);
  return hasWords || callerNumber !== null || calleeNumber !== null;
}

/** The lists of a call that are tables of their own. */
type Part = 'turns' | 'interruptions' | 'toolCalls' | 'failovers' | 'transcript' | 'remarks';
const EVERY_PART: ReadonlySet<Part> = new Set([
  'turns',
  'interruptions',
  'toolCalls',
  'failovers',
  'transcript',
  'remarks',
]);

/** The same without a trace in the audit. `parts`: the others are empty, and nothing is asked for them. */
export async function detailOf(
  db: Kysely<Schema>,
  callSid: string,
  {who, may}: Viewer,
  parts: ReadonlySet<Part> = EVERY_PART,
): Promise<CallDetail | undefined> {
  const wanted = async <Row>(part: Part, query: {execute(): Promise<Row[]>}) =>
    parts.has(part) ? await query.execute() : [];
  const row = await db.selectFrom('calls').selectAll().where('callSid', '=', callSid).executeTakeFirst();
  if (!row) return undefined;
  const turns = await wanted(
    'turns',
    db.selectFrom('turns').select(columnsOf(TURN_FIGURES)).where('callSid', '=', callSid).orderBy('turn'),
  );
  const interruptions = await wanted(
    'interruptions',
    db
      .selectFrom('interruptions')
      .select(columnsOf(INTERRUPTION_FIGURES))
      .where('callSid', '=', callSid)
      .orderBy('interruption'),
  );
  const toolCalls = await wanted(
    'toolCalls',
    db.selectFrom('toolCalls').select(columnsOf(TOOL_CALL_FIGURES)).where('callSid', '=', callSid).orderBy('toolCall'),
  );
  const failovers = await wanted(
    'failovers',
    db.selectFrom('failovers').select(columnsOf(FAILOVER_FIGURES)).where('callSid', '=', callSid).orderBy('failover'),
  );
  const lines = await wanted(
    'transcript',
    db
      .selectFrom('transcripts')
      .select(['line', 'turn', 'role', 'atMs', 'text', 'cut'])
      .where('callSid', '=', callSid)
      .orderBy('line'),
  );
  const remarks = await wanted(
    'remarks',
    db
      .selectFrom('remarks')
      .select([sql<string>`id::text`.as('id'), 'at', 'who', 'text'])
      .where('callSid', '=', callSid)
      .orderBy('remarks.id'),
  );
  const recording = await db
    .selectFrom('recordings')
    .select(['state', 'fromMs', 'untilMs', 'missingMs'])
    .where('callSid', '=', callSid)
    .where('state', '!=', 'removing')
    .$narrowType<{state: Exclude<RecordingState, 'removing'>}>()
    .executeTakeFirst();
  const shown = may.has('words');
  const hasWords =
    lines.length > 0 || row.notes !== null || toolCalls.some(tool => tool.arguments !== null || tool.result !== null);
  return {
    call: callOf(row),
    callerNumber: shown ? row.callerNumber : null,
    calleeNumber: shown ? row.calleeNumber : null,
    notes: shown ? (row.notes ?? {}) : {},
    remarks: shown ? remarks.map(each => ({...each, at: each.at.toISOString()})) : [],
    assistants: row.assistants ?? [],
    turns,
    interruptions,
    toolCalls: shown ? toolCalls : toolCalls.map(tool => ({...tool, arguments: null, result: null})),
    failovers,
    aways: row.aways ?? [],
    disclosure: row.disclosure,
    answeredBy: row.answeredBy,
    transcript: shown ? lines : [],
    recording: recording ?? null,
    transcriptState: !hasWords ? 'not-kept' : shown ? 'shown' : who === null ? 'no-password' : 'sign-in',
  };
}
