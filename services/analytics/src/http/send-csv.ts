import {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import type {Response} from 'express';

/** Streams a CSV file, as fast as the client reads it. */
export async function sendCsv(
  response: Response,
  name: string,
  lines: Iterable<string> | AsyncIterable<string>,
): Promise<void> {
  response.type('text/csv; charset=utf-8').attachment(name);
  response.type('text/csv; charset=utf-8');
  // The browser closed the connection: it does not want the rest.
  await pipeline(Readable.from(lines), response).catch((thrown: unknown) => {
    if (!response.destroyed) throw thrown;
  });
}
