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

/** Another attempt would get this HTTP status again. */
export function isRefusal(status: number): boolean {
  return [400, 401, 403, 404].includes(status);
}

/** What to look at after the model's server has answered an upgrade with this HTTP status. */
export function hintOf(status: number): string {
  if (status === 401) return ': check OPENAI_API_KEY';
  if (status === 403 || status === 404) return ': check OPENAI_MODEL and what the key may use';
  return '';
}
