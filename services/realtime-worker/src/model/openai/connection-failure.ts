import {codeIn} from '@voicebridge/shared/protocol/code-in.ts';

/** What the library says of a handshake in its own words, without a code. */
const HANDSHAKES = new Set([
  'Opening handshake has timed out',
  'Invalid Upgrade header',
  'Invalid Sec-WebSocket-Accept header',
]);

/**
 * Why a connection failed, for the log. The text of such an error is left out: it has addresses in it, and may have what a
 * server sent.
 */
export function connectionFailure(error: Error): string {
  const why = codeOf(error) ?? (HANDSHAKES.has(error.message) ? error.message : undefined);
  return why === undefined ? 'the connection failed' : `the connection failed: ${why}`;
}

/** The code of an error; of several that failed together, that of the first. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = 'code' in error && typeof error.code === 'string' ? codeIn(error.code) : undefined;
  return code ?? (error instanceof AggregateError ? codeOf(error.errors[0]) : undefined);
}
