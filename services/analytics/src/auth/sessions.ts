import {createHash, randomBytes} from 'node:crypto';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {Kysely} from 'kysely';
import type {Schema} from '../database/schema.ts';

/** A session ends after `INACTIVE` without a request, and after `ABSOLUTE` in any case. */
const INACTIVE: Millis = 2 * 3_600_000;
const ABSOLUTE: Millis = 12 * 3_600_000;
/** `seen_at` is updated at most this often. */
const SEEN_EVERY: Millis = 60_000;

const hashOf = (token: string) => createHash('sha256').update(token).digest('hex');

/** What the audit calls a session: enough of its hash to tell it from others. */
export const nameOfSession = (token: string) => hashOf(token).slice(0, 12);

/** Starts a session. Returns the token for the browser, 256 random bits; the database holds only its hash. */
export async function openSession(db: Kysely<Schema>, wall: Millis): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  const now = new Date(wall);
  await db
    .insertInto('sessions')
    .values({tokenHash: hashOf(token), createdAt: now, seenAt: now})
    .execute();
  return token;
}

/** The name of a valid session, for the audit; undefined when the token is unknown or the session has expired. */
export async function findSession(db: Kysely<Schema>, token: string, wall: Millis): Promise<string | undefined> {
  const tokenHash = hashOf(token);
  const session = await db.selectFrom('sessions').selectAll().where('tokenHash', '=', tokenHash).executeTakeFirst();
  if (!session) return undefined;
  if (isOver(session, wall)) {
    await db.deleteFrom('sessions').where('tokenHash', '=', tokenHash).execute();
    return undefined;
  }
  if (wall - session.seenAt.getTime() > SEEN_EVERY)
    await db
      .updateTable('sessions')
      .set({seenAt: new Date(wall)})
      .where('tokenHash', '=', tokenHash)
      .execute();
  return nameOfSession(token);
}

/** Whether a session is still valid. Unlike a request, this does not prolong it. */
export async function isOpenSession(db: Kysely<Schema>, token: string, wall: Millis): Promise<boolean> {
  const session = await db.selectFrom('sessions').selectAll().where('tokenHash', '=', hashOf(token)).executeTakeFirst();
  return session !== undefined && !isOver(session, wall);
}

function isOver({seenAt, createdAt}: {readonly seenAt: Date; readonly createdAt: Date}, wall: Millis): boolean {
  return wall - seenAt.getTime() > INACTIVE || wall - createdAt.getTime() > ABSOLUTE;
}

export async function closeSession(db: Kysely<Schema>, token: string): Promise<void> {
  await db.deleteFrom('sessions').where('tokenHash', '=', hashOf(token)).execute();
}
