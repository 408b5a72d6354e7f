import {once} from 'node:events';
import {request, type IncomingMessage} from 'node:http';
import {text} from 'node:stream/consumers';
import type {Millis} from '@voicebridge/shared/time.ts';

/** Our /readyz answers a short reason; a longer body is another program's. */
const LONGEST_REASON = 200;

/**
 * Asks /readyz of a process on this machine. Resolves with undefined if it is ready, otherwise with the reason in
 * words. Does not use `fetch`, which refuses some ports.
 */
export async function askReady(port: number, within: Millis): Promise<string | undefined> {
  const signal = AbortSignal.timeout(within);
  const asked = request({host: '127.0.0.1', port, path: '/readyz', agent: false, signal}).end();
  try {
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    const body = await text(response);
    return response.statusCode === 200 ? undefined : `/readyz says ${response.statusCode}, ${reasonIn(body)}`;
  } catch (thrown) {
    if (signal.aborted) return `/readyz does not answer within ${within} ms`;
    const {code, message} = thrown as NodeJS.ErrnoException;
    return code === 'ECONNREFUSED'
      ? `nothing listens on port ${port} yet`
      : `/readyz does not answer: ${code ?? message}`;
  }
}

/** `{"ready":false,"reason":"draining"}` as our processes say it, or whatever else the body holds. */
function reasonIn(body: string): string {
  try {
    const {reason} = JSON.parse(body) as {reason?: unknown};
    if (typeof reason === 'string') return reason;
  } catch {
    // not ours
  }
  return body.trim().slice(0, LONGEST_REASON) || 'without a reason';
}
