import type {CallDirectory} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {OutageLog} from '@voicebridge/shared/observability/outage-log.ts';
import type {Ticket} from '@voicebridge/shared/protocol/ids.ts';
import {retryUntilAborted} from '@voicebridge/shared/retry.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import type {Entrance} from './admit-stream.ts';

/** A carrier waits for the answer to its handshake at least for so long. */
export const TAKE_WITHIN_MS: Millis = 3_000;

/** `spent`: used, too old or never given out. `unknown`: Redis did not say so in time. */
export type Redeemed = Entrance | {readonly by: 'nothing'; readonly why: 'spent' | 'unknown'};

/**
 * Takes the ticket of a handshake before it is answered: a handshake that was seen opens nothing a second time. While
 * Redis does not answer it is tried again.
 */
export async function redeemTicket(
  ticket: Ticket | undefined,
  {
    directory,
    clock,
    tickets,
  }: {
    readonly directory: Pick<CallDirectory, 'takeTicket'>;
    readonly clock: Clock;
    /** Handshakes that wait for the same Redis are one outage. */
    readonly tickets: Pick<OutageLog, 'failed' | 'worked'>;
  },
): Promise<Redeemed> {
  if (ticket === undefined) return {by: 'noTicket'};
  const late = new AbortController();
  const cancel = clock.after(TAKE_WITHIN_MS, () => late.abort());
  const onFailure = (thrown: unknown) => tickets.failed(thrown);
  const taken = await retryUntilAborted(() => directory.takeTicket(ticket), {clock, signal: late.signal, onFailure});
  cancel();
  if (!taken.ok) return {by: 'nothing', why: 'unknown'};
  tickets.worked();
  return taken.result ? {by: 'ticket', ticket, grant: taken.result} : {by: 'nothing', why: 'spent'};
}
