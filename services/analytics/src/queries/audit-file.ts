import {sql, type Kysely} from 'kysely';
import type {Schema} from '../database/schema.ts';
import {csvLine} from './csv.ts';

const PAGE = 1_000;
const COLUMNS = ['at', 'action', 'subject', 'who', 'address'] as const;

interface AuditRow {
  readonly at: Date;
  readonly exactAt: string;
  readonly place: string;
  readonly action: string;
  readonly subject: string;
  readonly who: string | null;
  readonly address: string | null;
}

/** The whole audit as CSV, the newest first. Reads the database page by page; what is written meanwhile is not in it. */
export async function* auditFile(db: Kysely<Schema>): AsyncGenerator<string> {
  yield csvLine(COLUMNS);
  // An entry has no key but its place: `ctid`, which no entry changes, because none is ever changed.
  let last: {at: string; place: string} | undefined;
  for (;;) {
    const after = last ? sql`WHERE (at, ctid) < (${last.at}::timestamptz, ${last.place}::tid)` : sql``;
    const {rows} =
      await sql<AuditRow>`SELECT at, at::text AS "exactAt", ctid::text AS place, action, subject, who, address
      FROM audit ${after} ORDER BY at DESC, ctid DESC LIMIT ${PAGE}`.execute(db);
    for (const row of rows) yield csvLine([row.at.toISOString(), row.action, row.subject, row.who, row.address]);
    const end = rows.at(-1);
    if (!end || rows.length < PAGE) return;
    last = {at: end.exactAt, place: end.place};
  }
}
