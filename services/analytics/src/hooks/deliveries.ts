import {HookTarget} from '@voicebridge/shared/cdr/after-call.ts';
import type {HookEvent} from '@voicebridge/shared/cdr/hooks-queue.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {sql, type Kysely, type Selectable} from 'kysely';
import {audit, type AuditEntry} from '../auth/audit.ts';
import {storable} from '../database/figure-columns.ts';
import type {DeliveriesTable, Schema} from '../database/schema.ts';
import {GIVE_UP_AFTER} from './patience.ts';

export type Delivery = Selectable<DeliveriesTable>;

/** The type of the webhook about a finished call. Its subject is the CallSid. */
export const CALL_FINISHED = 'call.finished';

/** One id for each call, however often it is sent. */
export const idOfCall = (callSid: string) => `call.${callSid}`;

type New = Pick<HookEvent, 'id' | 'subject' | 'seq' | 'type'> & {
  readonly target: HookTarget;
  readonly body: string | null;
};

/**
 * Keeps what is to be told. What is known already stays as it is. `dueAt`: it waits for something until then, unless it is
 * released before.
 */
export async function keepDelivery(db: Kysely<Schema>, event: New, wall: Millis, dueAt = wall): Promise<void> {
  await db
    .insertInto('deliveries')
    .values({
      ...event,
      target: JSON.stringify(event.target),
      dueAt: new Date(dueAt),
      createdAt: new Date(wall),
      giveUpAt: new Date(wall + GIVE_UP_AFTER),
    })
    .onConflict(conflict => conflict.doNothing())
    .execute();
}

/** Lets what has not been tried yet go now. */
export async function release(db: Kysely<Schema>, id: string, wall: Millis): Promise<void> {
  await db
    .updateTable('deliveries')
    .set({dueAt: new Date(wall)})
    .where('id', '=', id)
    .where('state', '=', 'waiting')
    .where('attempts', '=', 0)
    .execute();
}

export async function deliveryWith(db: Kysely<Schema>, id: string): Promise<Delivery | undefined> {
  return await db.selectFrom('deliveries').selectAll().where('id', '=', id).executeTakeFirst();
}

export const targetOf = (delivery: Delivery): HookTarget => HookTarget.parse(delivery.target);

/**
 * What comes before it of its subject. `afterDueAt`: something waits, and is tried at this time; `missing`: so many are not
 * known.
 */
export async function turnOf(
  db: Kysely<Schema>,
  {subject, seq}: Delivery,
): Promise<{readonly afterDueAt: Date | undefined; readonly missing: number}> {
  if (seq === 0) return {afterDueAt: undefined, missing: 0};
  const before = await db
    .selectFrom('deliveries')
    .select(['state', 'dueAt'])
    .where('subject', '=', subject)
    .where('seq', '<', seq)
    .orderBy('dueAt')
    .execute();
  return {afterDueAt: before.find(({state}) => state === 'waiting')?.dueAt, missing: seq - before.length};
}

/** An attempt of a process that did not run for long changes nothing that another process has settled since, unless it worked. */
export async function settle(
  db: Kysely<Schema>,
  {id, attempts}: Delivery,
  state: 'delivered' | 'failed',
  wall: Millis,
  error: string | null = null,
): Promise<void> {
  await db
    .updateTable('deliveries')
    .set({state, attempts: attempts + 1, lastError: storable(error), settledAt: new Date(wall)})
    .where('id', '=', id)
    .where('state', 'in', state === 'delivered' ? ['waiting', 'failed'] : ['waiting'])
    .execute();
}

export async function postpone(
  db: Kysely<Schema>,
  {id, attempts}: Delivery,
  dueAt: Millis,
  error: string,
): Promise<void> {
  await db
    .updateTable('deliveries')
    .set({attempts: attempts + 1, lastError: storable(error), dueAt: new Date(dueAt)})
    .where('id', '=', id)
    .where('state', '=', 'waiting')
    .execute();
}

export async function dropDelivery(db: Kysely<Schema>, {id}: Delivery): Promise<void> {
  await db.deleteFrom('deliveries').where('id', '=', id).execute();
}

/**
 * The ids of what should have been sent by now: their jobs may have been lost with their Redis. One page of them. `after`:
 * the last of the page before, so that those that wait for a receiver that is down do not hide the others.
 */
export async function overdue(
  db: Kysely<Schema>,
  wall: Millis,
  after = '',
  atMost = 1_000,
): Promise<readonly string[]> {
  const found = await db
    .selectFrom('deliveries')
    .select('id')
    .where('state', '=', 'waiting')
    .where('dueAt', '<=', new Date(wall))
    .where('id', '>', after)
    .orderBy('id')
    .limit(atMost)
    .execute();
  return found.map(({id}) => id);
}

/** Makes what was given up wait again. Returns whether there was such a delivery. */
export async function sendAgain(
  db: Kysely<Schema>,
  id: string,
  by: Pick<AuditEntry, 'who' | 'address'>,
  wall: Millis,
): Promise<boolean> {
  return await db.transaction().execute(async tx => {
    const found = await tx
      .updateTable('deliveries')
      .set({state: 'waiting', dueAt: new Date(wall), giveUpAt: new Date(wall + GIVE_UP_AFTER), settledAt: null})
      .where('id', '=', id)
      .where('state', '=', 'failed')
      .returning('id')
      .executeTakeFirst();
    if (found) await audit(tx, {action: 'webhook.sent-again', subject: id, ...by});
    return found !== undefined;
  });
}

/** How many there are in each state. */
export async function countDeliveries(db: Kysely<Schema>): Promise<Record<Delivery['state'], number>> {
  const {rows} = await sql<{state: Delivery['state']; count: number}>`
    SELECT state, count(*)::int AS count FROM deliveries GROUP BY state`.execute(db);
  return {waiting: 0, delivered: 0, failed: 0, ...Object.fromEntries(rows.map(row => [row.state, row.count]))};
}
