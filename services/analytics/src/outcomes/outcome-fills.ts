import {type Notes, NOTES_AT_MOST} from '@voicebridge/shared/cdr/notes.ts';
import {OutcomeFields, partNotes} from '@voicebridge/shared/cdr/outcome.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {sql, type Kysely, type Selectable} from 'kysely';
import {storable} from '../database/figure-columns.ts';
import type {OutcomeFillsTable, Schema} from '../database/schema.ts';
import {exportChanged} from '../exports/export-rows.ts';
import type {HeardLine} from './text-model.ts';

export type OutcomeFill = Selectable<OutcomeFillsTable>;

/** What others are told about a call waits so long for its outcome, and no longer. */
export const GIVE_UP_AFTER: Millis = 5 * 60_000;
/** An answer that comes at the last moment is stored within this. */
export const MARGIN: Millis = 5_000;

/** Keeps which fields of a call a model is to be asked for. What was asked about an earlier record is forgotten. */
export async function keepFill(
  db: Kysely<Schema>,
  callSid: string,
  fields: OutcomeFields,
  wall: Millis,
): Promise<void> {
  const fresh = {
    fields: JSON.stringify(fields),
    state: 'waiting' as const,
    attempts: 0,
    lastError: null,
    dueAt: new Date(wall),
    giveUpAt: new Date(wall + GIVE_UP_AFTER),
    settledAt: null,
  };
  await db
    .insertInto('outcomeFills')
    .values({callSid, ...fresh})
    .onConflict(conflict => conflict.column('callSid').doUpdateSet(fresh))
    .execute();
}

export async function dropFill(db: Kysely<Schema>, callSid: string): Promise<void> {
  await db.deleteFrom('outcomeFills').where('callSid', '=', callSid).execute();
}

export async function fillOf(db: Kysely<Schema>, callSid: string): Promise<OutcomeFill | undefined> {
  return await db.selectFrom('outcomeFills').selectAll().where('callSid', '=', callSid).executeTakeFirst();
}

export const fieldsOf = (fill: OutcomeFill): OutcomeFields => OutcomeFields.parse(fill.fields);

/** What was said on the call, as far as it was heard and is kept. */
export async function heardOf(db: Kysely<Schema>, callSid: string): Promise<readonly HeardLine[]> {
  const lines = await db
    .selectFrom('transcripts')
    .select(['role', 'text', 'cut'])
    .where('callSid', '=', callSid)
    .orderBy('line')
    .execute();
  return lines.map(({role, ...line}) => ({...line, role: role === 'caller' ? 'caller' : 'assistant'}));
}

/** The calls whose model should have been asked by now. */
export async function overdueFills(db: Kysely<Schema>, wall: Millis): Promise<readonly string[]> {
  const found = await db
    .selectFrom('outcomeFills')
    .select('callSid')
    .where('state', '=', 'waiting')
    .where('dueAt', '<=', new Date(wall))
    .orderBy('dueAt')
    .limit(1_000)
    .execute();
  return found.map(({callSid}) => callSid);
}

export async function askAgainAt(
  db: Kysely<Schema>,
  {callSid, attempts}: OutcomeFill,
  dueAt: Millis,
  error: string,
): Promise<void> {
  await db
    .updateTable('outcomeFills')
    .set({attempts: attempts + 1, lastError: storable(error), dueAt: new Date(dueAt)})
    .where('callSid', '=', callSid)
    .where('attempts', '=', attempts)
    .execute();
}

export async function giveUp(
  db: Kysely<Schema>,
  {callSid, attempts}: OutcomeFill,
  wall: Millis,
  error: string | null,
): Promise<void> {
  await db
    .updateTable('outcomeFills')
    .set({state: 'failed', attempts: attempts + 1, lastError: storable(error), settledAt: new Date(wall)})
    .where('callSid', '=', callSid)
    .where('attempts', '=', attempts)
    .execute();
}

/**
 * Writes what a model answered beside what the assistant noted, which stays as it is. The day of the call is exported
 * again. Returns whether it was still wanted: a fuller record of the call may have come meanwhile.
 */
export async function fillIn(db: Kysely<Schema>, fill: OutcomeFill, values: Notes, wall: Millis): Promise<boolean> {
  const {callSid, attempts} = fill;
  return await db.transaction().execute(async tx => {
    const asked = await tx
      .updateTable('outcomeFills')
      .set({state: 'filled', attempts: attempts + 1, lastError: null, settledAt: new Date(wall)})
      .where('callSid', '=', callSid)
      .where('state', '=', 'waiting')
      .where('attempts', '=', attempts)
      .where('fields', '=', sql<never>`${JSON.stringify(fieldsOf(fill))}::jsonb`)
      .returning('callSid')
      .executeTakeFirst();
    if (!asked) return false;
    const call = await tx
      .selectFrom('calls')
      .select(['startedAt', 'outcome', 'notes'])
      .where('callSid', '=', callSid)
      .forUpdate()
      .executeTakeFirst();
    if (!call) return true;
    const {outcome, notes, filled} = beside(call, partNotes(clean(values), fieldsOf(fill)));
    if (filled.length === 0) return true;
    await tx
      .updateTable('calls')
      .set({outcome: json(outcome), notes: json(notes), outcomeFilled: JSON.stringify(filled)})
      .where('callSid', '=', callSid)
      .execute();
    await exportChanged(tx, [call.startedAt]);
    return true;
  });
}

type Parted = Record<'outcome' | 'notes', Notes>;

/**
 * What was noted with what was filled in, and the names of the latter. Together they are no more than a call may have:
 * texts are left out first.
 */
function beside(
  noted: Record<'outcome' | 'notes', Notes | null>,
  answered: Parted,
): Parted & {readonly filled: readonly string[]} {
  const known = {...noted.outcome, ...noted.notes};
  const wanted = [...Object.keys(answered.outcome), ...Object.keys(answered.notes)].filter(
    name => !Object.hasOwn(known, name),
  );
  const filled = wanted.slice(0, Math.max(0, NOTES_AT_MOST - Object.keys(known).length));
  const chosen = (values: Notes) =>
    Object.fromEntries(Object.entries(values).filter(([name]) => filled.includes(name)));
  return {
    outcome: {...chosen(answered.outcome), ...noted.outcome},
    notes: {...chosen(answered.notes), ...noted.notes},
    filled,
  };
}

const json = (notes: Notes) => (Object.keys(notes).length === 0 ? null : JSON.stringify(notes));

/** As PostgreSQL takes JSON: no NUL, and no half of a character. */
const clean = (values: Notes): Notes =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      typeof value === 'string' ? storable(value).toWellFormed() : value,
    ]),
  );
