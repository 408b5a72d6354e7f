import type {CallFinished} from '@voicebridge/shared/cdr/call-record.ts';
import type {HookTarget} from '@voicebridge/shared/cdr/after-call.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {sql, type Kysely, type Transaction} from 'kysely';
import {callRows, type CallRows} from './call-rows.ts';
import {recordingExpected} from '../recordings/recording-rows.ts';
import type {Schema} from '../database/schema.ts';
import {CALL_FINISHED, idOfCall, keepDelivery} from '../hooks/deliveries.ts';

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

/**
 * Stores one job. Idempotent; parts may arrive late and in any order. One transaction locks the row of the call, so that
 * two jobs of one call never mix:
 *
 *   nothing stored     → stored
 *   stored knows less  → replaced, with its turns, interruptions, tool calls, failovers and words
 *   same record        → this part is added; a repeated part changes nothing
 *   stored knows more  → nothing changes
 *
 * In the same transaction it is kept who is to be told of the call, once all of it is there. `told`: who is where its
 * assistant does not say; `wall`: Unix milliseconds.
 */
export async function storeCall(
  db: Kysely<Schema>,
  job: CallFinished,
  after: {readonly told?: HookTarget | undefined; readonly wall: Millis} = {wall: job.summary.endedAt},
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
    if (!first && !(await updateCall(tx, rows, job))) return 'superseded';
    await writeParts(tx, rows);
    await keepWhoIsTold(tx, job, after);
    return 'recorded';
  });
}

/** Whether this call was erased, or one of its numbers was forgotten after it had begun. */
async function wasErased(tx: Transaction<Schema>, call: CallRows['call']): Promise<boolean> {
  const {callSid, startedAt} = call;
  const erased = await tx.selectFrom('erasedCalls').select('callSid').where('callSid', '=', callSid).executeTakeFirst();
  if (erased !== undefined) return true;
  const hashes = [call.callerHash, call.calleeHash].filter(hash => typeof hash === 'string');
  if (hashes.length === 0) return false;
  const forgotten = await tx
    .selectFrom('forgottenNumbers')
    .select('numberHash')
    .where('numberHash', 'in', hashes)
    .where('forgottenAt', '>=', startedAt)
    .executeTakeFirst();
  return forgotten !== undefined;
}

/** Updates the row of the call. Returns whether the parts of this job belong to what is now stored. */
async function updateCall(tx: Transaction<Schema>, {call}: CallRows, job: CallFinished): Promise<boolean> {
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
  if (difference < 0) return false;
  const same = difference === 0;
  if (!same) await dropParts(tx, call.callSid);
  const partsSeen = [...new Set([...(same ? stored.partsSeen : []), job.part])].sort((a, b) => a - b);
  const isNew = !same || !stored.partsSeen.includes(job.part);
  await tx
    .updateTable('calls')
    .set({
      ...call,
      ...(same ? {} : {failovers: 0}),
      parts: job.parts,
      partsSeen,
      recordedAt: isNew ? sql<Date>`now()` : sql<Date>`recorded_at`,
    })
    .where('callSid', '=', call.callSid)
    .execute();
  return true;
}

async function keepWhoIsTold(
  tx: Transaction<Schema>,
  job: CallFinished,
  {told, wall}: {readonly told?: HookTarget | undefined; readonly wall: Millis},
): Promise<void> {
  const target = job.after?.hook ?? told;
  if (target === undefined || target === 'off') return;
  const {callSid} = job.summary;
  const {parts, partsSeen} = await tx
    .selectFrom('calls')
    .select(['parts', 'partsSeen'])
    .where('callSid', '=', callSid)
    .executeTakeFirstOrThrow();
  if (partsSeen.length < parts) return;
  const event = {id: idOfCall(callSid), subject: callSid, seq: 0, type: CALL_FINISHED, target, body: null};
  await keepDelivery(tx, event, wall);
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
