import type {CallDirectory} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {Log} from '@voicebridge/shared/observability/log.ts';
import type {Ticket} from '@voicebridge/shared/protocol/ids.ts';
import type {Clock} from '@voicebridge/shared/time.ts';
import type {Entrance} from './admit-stream.ts';
import {START_WITHIN_MS} from './leg-state.ts';
import {patiently} from '../patiently.ts';

/**
 * Takes the ticket of a socket that was just opened, while its `start` is on the way: nobody else can come in with it
 * any more. While Redis is away it is tried again for as long as `start` may take.
 */
export function takeTicket(
  ticket: Ticket | undefined,
  {directory, clock, log}: {directory: Pick<CallDirectory, 'takeTicket'>; clock: Clock; log: Log},
): Entrance {
  if (ticket === undefined) return {by: 'door'};
  const late = new AbortController();
  const cancel = clock.after(START_WITHIN_MS, () => late.abort());
  const taking = patiently(() => directory.takeTicket(ticket), {clock, log, signal: late.signal, what: 'take ticket'});
  const grant = taking.then(taken => {
    cancel();
    return taken.ok ? taken.result : undefined;
  });
  return {by: 'ticket', ticket, grant};
}
