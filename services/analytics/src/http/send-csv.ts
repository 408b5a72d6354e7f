import {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import type {Request, Response} from 'express';
import {audit} from '../auth/audit.ts';
import type {DatabaseWatch} from '../database/database-watch.ts';
import {MISSING_BEFORE} from '../queries/missing-before.ts';
import {viewerOf} from './gate.ts';

/** A file that somebody asked for. */
export interface CsvFile {
  readonly name: string;
  /** `text/csv` if not given. */
  readonly type?: string;
  /** From when on nothing of its time is missing; null: all of it is there. */
  readonly missingBefore?: string | null;
  readonly lines: Iterable<string> | AsyncIterable<string>;
}

/** Writes into the audit who takes the file away, and streams it as fast as the client reads it. */
export async function sendCsv(
  request: Request,
  response: Response,
  {name, lines, missingBefore = null, database, type = 'text/csv'}: CsvFile & {readonly database: DatabaseWatch},
): Promise<void> {
  const {who} = viewerOf(request);
  const {searchParams: filter, search} = new URL(request.originalUrl, 'http://localhost');
  // That words were looked for is in the audit already; which words is nobody’s business.
  if (filter.has('words')) filter.set('words', 'withheld');
  const asked = filter.has('words') ? `?${filter.toString()}` : search;
  await audit(database.now, {action: 'export', subject: `${name}${asked}`, who, address: request.ip});
  if (missingBefore !== null) response.set(MISSING_BEFORE, missingBefore);
  response.attachment(name).type(`${type}; charset=utf-8`);
  // The browser closed the connection: it does not want the rest.
  await pipeline(Readable.from(lines), response).catch((thrown: unknown) => {
    if (!response.destroyed) throw thrown;
  });
}
