import type {CallDirectory} from '@voicebridge/shared/call-directory/call-directory.ts';
import {logFirstFailure, type Log} from '@voicebridge/shared/observability/log.ts';
import type {Ticket} from '@voicebridge/shared/protocol/ids.ts';
import {retryUntilAborted} from '@voicebridge/shared/retry.ts';
import type {Clock} from '@voicebridge/shared/time.ts';
import type {Entrance} from './admit-stream.ts';
import {START_WITHIN_MS} from './leg-liveness.ts';

/**
 * Redeems the ticket of a socket that was just opened, while its start message is on the way: no other socket can come in
 * with it from then on. While Redis does not answer it is tried again, for as long as the start message may take.
 */
export function redeemTicket(
  ticket: Ticket | undefined,
  {directory, clock, log}: {directory: Pick<CallDirectory, 'takeTicket'>; clock: Clock; log: Log},
): Entrance {
  if (ticket === undefined) return {by: 'noTicket'};
  const late = new AbortController();
  const cancel = clock.after(START_WITHIN_MS, () => late.abort());
  const onFailure = logFirstFailure(log, 'take ticket');
  const taking = retryUntilAborted(() => directory.takeTicket(ticket), {clock, signal: late.signal, onFailure});
  const grant = taking.then(taken => {
    cancel();
    return taken.ok ? taken.result : undefined;
  });
  return {by: 'ticket', ticket, grant};
}
