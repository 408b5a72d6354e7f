import type {Kysely} from 'kysely';
import type {Schema} from '../database/schema.ts';

export const AUDITED = [
  'sign-in',
  'sign-in.refused',
  'sign-out',
  'transcript.read',
  'transcript.searched',
  'recording.heard',
  'export',
  'call.erased',
  'number.erased',
  'webhook.sent-again',
  'call.hung-up',
  'call.transferred',
  'call.tagged',
  'call.untagged',
  'call.remarked',
  'remark.removed',
] as const;

/** What somebody did. It never holds words, numbers or passwords. */
export interface AuditEntry {
  readonly action: (typeof AUDITED)[number];
  /** What it was done to: a CallSid, the hash of a number, the name of a file. */
  readonly subject: string;
  /** The viewer's name; null: nobody who signed in. */
  readonly who: string | null;
  /** Where the request came from, if that is known. */
  readonly address?: string | undefined;
}

export async function audit(db: Kysely<Schema>, {action, subject, who, address}: AuditEntry): Promise<void> {
  await db
    .insertInto('audit')
    .values({action, subject: subject.slice(0, 500), who, address: address ?? null})
    .execute();
}

export interface AuditQuestion {
  readonly limit: number;
  readonly before?: Date | undefined;
}

/** Who did what, the newest first. */
export async function readAudit(db: Kysely<Schema>, {limit, before}: AuditQuestion) {
  const all = db.selectFrom('audit').select(['at', 'action', 'subject', 'who', 'address']);
  const asked = before === undefined ? all : all.where('at', '<', before);
  return await asked.orderBy('at', 'desc').limit(limit).execute();
}
