import {FAILOVER_FIGURES} from '@voicebridge/shared/cdr/failover-figures.ts';
import {INTERRUPTION_FIGURES} from '@voicebridge/shared/cdr/interruption-figures.ts';
import {TOOL_CALL_FIGURES} from '@voicebridge/shared/cdr/tool-call-figures.ts';
import {TURN_FIGURES} from '@voicebridge/shared/cdr/turn-figures.ts';
import {sql, type Kysely} from 'kysely';
import {columnsOf} from '../database/figure-columns.ts';
import type {CallDetail} from './call-shapes.ts';
import {callOf} from './list-calls.ts';
import {type DeletedBefore, readDeletedBefore} from '../database/deleted-before.ts';
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
  viewer: Viewer,
  parts: ReadonlySet<Part> = EVERY_PART,
): Promise<CallDetail | undefined> {
  const [detail] = await detailsOf(db, [callSid], viewer, parts);
  return detail;
}

/** The same of several calls, in their order, with as many questions as for one; calls that are not there are left out. */
export async function detailsOf(
  db: Kysely<Schema>,
  callSids: readonly string[],
  {who, may}: Viewer,
  parts: ReadonlySet<Part> = EVERY_PART,
): Promise<CallDetail[]> {
  if (callSids.length === 0) return [];
  const listed = async <Row extends {callSid: string}>(part: Part, query: {execute(): Promise<Row[]>}) =>
    byCall(parts.has(part) ? await query.execute() : []);
  const rows = byCall(await db.selectFrom('calls').selectAll().where('callSid', 'in', callSids).execute());
  const turnsOf = await listed(
    'turns',
    db
      .selectFrom('turns')
      .select(['callSid', ...columnsOf(TURN_FIGURES)])
      .where('callSid', 'in', callSids)
      .orderBy('turn'),
  );
  const interruptionsOf = await listed(
    'interruptions',
    db
      .selectFrom('interruptions')
      .select(['callSid', ...columnsOf(INTERRUPTION_FIGURES)])
      .where('callSid', 'in', callSids)
      .orderBy('interruption'),
  );
  const toolCallsOf = await listed(
    'toolCalls',
    db
      .selectFrom('toolCalls')
      .select(['callSid', ...columnsOf(TOOL_CALL_FIGURES)])
      .where('callSid', 'in', callSids)
      .orderBy('toolCall'),
  );
  const failoversOf = await listed(
    'failovers',
    db
      .selectFrom('failovers')
      .select(['callSid', ...columnsOf(FAILOVER_FIGURES)])
      .where('callSid', 'in', callSids)
      .orderBy('failover'),
  );
  const linesOf = await listed(
    'transcript',
    db
      .selectFrom('transcripts')
      .select(['callSid', 'line', 'turn', 'role', 'atMs', 'text', 'cut'])
      .where('callSid', 'in', callSids)
      .orderBy('line'),
  );
  const remarksOf = await listed(
    'remarks',
    db
      .selectFrom('remarks')
      .select(['callSid', sql<string>`id::text`.as('id'), 'at', 'who', 'text'])
      .where('callSid', 'in', callSids)
      .orderBy('remarks.id'),
  );
  const recordingsOf = byCall(
    await db
      .selectFrom('recordings')
      .select(['callSid', 'state', 'fromMs', 'untilMs', 'missingMs'])
      .where('callSid', 'in', callSids)
      .where('state', '!=', 'removing')
      .$narrowType<{state: Exclude<RecordingState, 'removing'>}>()
      .execute(),
  );
  const deleted = await readDeletedBefore(db);
  const shown = may.has('words');
  return callSids.flatMap((callSid): CallDetail[] => {
    const [row] = rows(callSid);
    if (!row) return [];
    const toolCalls = toolCallsOf(callSid);
    const lines = linesOf(callSid);
    const hasWords =
      lines.length > 0 || row.notes !== null || toolCalls.some(tool => tool.arguments !== null || tool.result !== null);
    return [
      {
        call: callOf({callSid, ...row}),
        callerNumber: shown ? row.callerNumber : null,
        calleeNumber: shown ? row.calleeNumber : null,
        notes: shown ? (row.notes ?? {}) : {},
        remarks: shown ? remarksOf(callSid).map(each => ({...each, at: each.at.toISOString()})) : [],
        assistants: row.assistants ?? [],
        turns: turnsOf(callSid),
        interruptions: interruptionsOf(callSid),
        toolCalls: shown ? toolCalls : toolCalls.map(tool => ({...tool, arguments: null, result: null})),
        failovers: failoversOf(callSid),
        aways: row.aways ?? [],
        disclosure: row.disclosure,
        answeredBy: row.answeredBy,
        transcript: shown ? lines : [],
        recording: recordingsOf(callSid)[0] ?? null,
        missing: missingOf(row.startedAt, deleted),
        transcriptState: !hasWords ? 'not-kept' : shown ? 'shown' : who === null ? 'no-password' : 'sign-in',
      },
    ];
  });
}

/** The rows of each call, in their order and without its name. */
function byCall<Row extends {callSid: string}>(rows: readonly Row[]): (callSid: string) => Omit<Row, 'callSid'>[] {
  const all = new Map<string, Omit<Row, 'callSid'>[]>();
  for (const {callSid, ...row} of rows) {
    const known = all.get(callSid);
    if (known) known.push(row);
    else all.set(callSid, [row]);
  }
  return callSid => all.get(callSid) ?? [];
}

/** What of a call that began then is deleted, whether it ever had it or not. */
function missingOf(startedAt: Date, deleted: DeletedBefore): CallDetail['missing'] {
  return (['turns', 'transcripts', 'recordings'] as const).filter(kind => startedAt < (deleted[kind] ?? startedAt));
}
