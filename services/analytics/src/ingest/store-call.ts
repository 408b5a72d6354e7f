import type {CallFinished} from '@voicebridge/shared/cdr/call-record.ts';
import type {HookTarget} from '@voicebridge/shared/cdr/after-call.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {sql, type Kysely, type Transaction} from 'kysely';
import {callRows, type CallRows} from './call-rows.ts';
import {recordingExpected} from '../recordings/recording-rows.ts';
import {noteWaitAtHangUp} from './wait-at-hang-up.ts';
import type {Schema} from '../database/schema.ts';
import {CALL_FINISHED, idOfCall, keepDelivery} from '../hooks/deliveries.ts';
import {dropFill, GIVE_UP_AFTER, keepFill, MARGIN} from '../outcomes/outcome-fills.ts';

/** How complete a record is. Of two records of one call, the one from the later owner (the higher epoch) is fuller. */
export interface Knowledge {
  readonly epoch: number;
  readonly endedAt: Date;
  readonly turns: number;
}

/**
 * `recorded`: the record is stored. `superseded`: a fuller record was stored already. `erased`: the call was deleted.
 */
export type Outcome = 'recorded' | 'superseded' | 'erased';

/** Advisory lock: shared for storing, exclusive for erasing, so that a call is never stored while it is erased. */
export const ERASURE_LOCK = 5_053;

/** Negative when `a` is less complete than `b`, zero when they are parts of one record. */
export function compareKnowledge(a: Knowledge, b: Knowledge): number {
  return a.epoch - b.epoch || a.endedAt.getTime() - b.endedAt.getTime() || a.turns - b.turns;
}

export interface AfterStoring {
  /** Who is told about a call whose assistant does not say; undefined: nobody. */
  readonly told?: HookTarget | undefined;
  /** A text model is asked for what the assistant left open. */
  readonly fillsOutcomes?: boolean;
  /** Unix milliseconds. */
  readonly wall: Millis;
}

/**
 * Stores one job. Idempotent; parts may arrive late and in any order. One transaction locks the row of the call, so that
 * two jobs of one call never mix:
 *
 *   nothing stored     → stored
 *   stored knows less  → replaced, with its turns, interruptions, tool calls, failovers and words
 *   same record        → this part is added; a repeated part changes nothing
 *   stored knows more  → nothing changes
 *
 * In the same transaction it is kept what is to happen afterwards, once all of it is there: which fields of its outcome a
 * model is asked for, and who is told about the call.
 */
export async function storeCall(
  db: Kysely<Schema>,
  job: CallFinished,
  after: AfterStoring = {wall: job.summary.endedAt},
): Promise<Outcome> {
  const rows = callRows(job);
  return await db.transaction().execute(async tx => {
    await sql`SELECT pg_advisory_xact_lock_shared(${ERASURE_LOCK})`.execute(tx);
    const {callSid, startedAt, endedAt, recordedFromMs} = job.summary;
    const erased = await wasErased(tx, rows.call);
    if (recordedFromMs !== null)
      await recordingExpected(tx, {callSid, startedAt, endedAt, fromMs: recordedFromMs}, erased);
    if (erased) {
      // What was kept of it elsewhere is found by its name.
      await tx
        .insertInto('erasedCalls')
        .values({callSid})
        .onConflict(conflict => conflict.doNothing())
        .execute();
      return 'erased';
    }
    const first = await tx
      .insertInto('calls')
      .values({...rows.call, failovers: 0, parts: job.parts, partsSeen: [job.part]})
      .onConflict(conflict => conflict.column('callSid').doNothing())
      .returning('callSid')
      .executeTakeFirst();
    const known = first ? 'new' : await updateCall(tx, rows, job);
    if (known === 'superseded') return 'superseded';
    await writeParts(tx, rows);
    await noteWaitAtHangUp(tx, callSid);
    const isWhole = known === 'new' ? job.parts === 1 : known !== 'repeated' && (await hasAllParts(tx, callSid));
    if (isWhole) await keepWhatFollows(tx, job, after, known === 'new');
    return 'recorded';
  });
}

/** Whether this call was erased, or one of its numbers was forgotten after it had begun. */
async function wasErased(tx: Transaction<Schema>, call: CallRows['call']): Promise<boolean> {
  const {callSid, startedAt} = call;
  const hashes = [call.callerHash, call.calleeHash].filter(hash => typeof hash === 'string');
  const forgotten = tx
    .selectFrom('forgottenNumbers')
    .select('numberHash as name')
    .where('numberHash', 'in', ['', ...hashes])
    .where('forgottenAt', '>=', startedAt);
  const found = await tx
    .selectFrom('erasedCalls')
    .select('callSid as name')
    .where('callSid', '=', callSid)
    .unionAll(forgotten)
    .executeTakeFirst();
  return found !== undefined;
}

/**
 * Updates the row of the call. `part`: it is one more part of what is stored; `fuller`: it replaced what was stored. What a
 * model filled in of the outcome of the same record stays.
 */
async function updateCall(
  tx: Transaction<Schema>,
  {call}: CallRows,
  job: CallFinished,
): Promise<'superseded' | 'repeated' | 'part' | 'fuller'> {
  const stored = await tx
    .selectFrom('calls')
    .select(['epoch', 'endedAt', 'turns', 'partsSeen'])
    .where('callSid', '=', call.callSid)
    .forUpdate()
    .executeTakeFirstOrThrow();
  const difference = compareKnowledge(
    {epoch: call.epoch, endedAt: new Date(job.summary.endedAt), turns: call.turns},
    stored,
  );
  if (difference < 0) return 'superseded';
  const same = difference === 0;
  if (!same) await dropParts(tx, call.callSid);
  const partsSeen = [...new Set([...(same ? stored.partsSeen : []), job.part])].sort((a, b) => a - b);
  const isNew = !same || !stored.partsSeen.includes(job.part);
  const {outcome, notes, ...facts} = call;
  await tx
    .updateTable('calls')
    .set({
      ...facts,
      ...(same ? {} : {outcome, notes, outcomeFilled: null, failovers: 0, hungUpWaitingMs: null}),
      parts: job.parts,
      partsSeen,
      recordedAt: isNew ? sql<Date>`now()` : sql<Date>`recorded_at`,
    })
    .where('callSid', '=', call.callSid)
    .execute();
  if (!same) return 'fuller';
  return isNew ? 'part' : 'repeated';
}

async function hasAllParts(tx: Transaction<Schema>, callSid: string): Promise<boolean> {
  const {parts, partsSeen} = await tx
    .selectFrom('calls')
    .select(['parts', 'partsSeen'])
    .where('callSid', '=', callSid)
    .executeTakeFirstOrThrow();
  return partsSeen.length >= parts;
}

async function keepWhatFollows(
  tx: Transaction<Schema>,
  job: CallFinished,
  after: AfterStoring,
  isNew: boolean,
): Promise<void> {
  const {callSid, outcome, notes} = job.summary;
  const isNoted = (name: string) => Object.hasOwn(outcome, name) || Object.hasOwn(notes, name);
  const open = Object.entries(job.after?.outcome ?? {}).filter(([name]) => !isNoted(name));
  const isFilled = after.fillsOutcomes === true && open.length > 0 && (await wasHeard(tx, callSid));
  if (isFilled) await keepFill(tx, callSid, Object.fromEntries(open), after.wall);
  else if (!isNew) await dropFill(tx, callSid);
  const target = job.after?.hook ?? after.told;
  if (target === undefined || target === 'off') return;
  const event = {id: idOfCall(callSid), subject: callSid, seq: 0, type: CALL_FINISHED, target, body: null};
  await keepDelivery(tx, event, after.wall, isFilled ? after.wall + GIVE_UP_AFTER + MARGIN : after.wall);
}

async function wasHeard(tx: Transaction<Schema>, callSid: string): Promise<boolean> {
  const line = await tx.selectFrom('transcripts').select('line').where('callSid', '=', callSid).executeTakeFirst();
  return line !== undefined;
}

async function dropParts(tx: Transaction<Schema>, callSid: string): Promise<void> {
  for (const table of ['turns', 'interruptions', 'toolCalls', 'failovers', 'transcripts'] as const)
    await tx.deleteFrom(table).where('callSid', '=', callSid).execute();
}

/** Rows of one record with the same number are equal, so an existing row is kept. */
async function writeParts(tx: Transaction<Schema>, rows: CallRows): Promise<void> {
  if (rows.turns.length > 0)
    await tx
      .insertInto('turns')
      .values(rows.turns)
      .onConflict(conflict => conflict.columns(['callSid', 'turn']).doNothing())
      .execute();
  if (rows.interruptions.length > 0)
    await tx
      .insertInto('interruptions')
      .values(rows.interruptions)
      .onConflict(conflict => conflict.columns(['callSid', 'interruption']).doNothing())
      .execute();
  if (rows.toolCalls.length > 0)
    await tx
      .insertInto('toolCalls')
      .values(rows.toolCalls)
      .onConflict(conflict => conflict.columns(['callSid', 'toolCall']).doNothing())
      .execute();
  if (rows.failovers.length > 0) {
    await tx
      .insertInto('failovers')
      .values(rows.failovers)
      .onConflict(conflict => conflict.columns(['callSid', 'failover']).doNothing())
      .execute();
    const {callSid} = rows.call;
    const counted = tx
      .selectFrom('failovers')
      .select(({fn}) => fn.countAll<number>().as('count'))
      .where('callSid', '=', callSid);
    await tx.updateTable('calls').set({failovers: counted}).where('callSid', '=', callSid).execute();
  }
  if (rows.transcripts.length > 0)
    await tx
      .insertInto('transcripts')
      .values(rows.transcripts)
      .onConflict(conflict => conflict.columns(['callSid', 'line']).doNothing())
      .execute();
}
