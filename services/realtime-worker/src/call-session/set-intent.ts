import type {CallDirectory, Facts, Intent} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {Log} from '@voicebridge/shared/observability/log.ts';
import type {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {sleep} from '@voicebridge/shared/retry.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import type {CallJournal} from '../journal/call-journal.ts';

/** Pause before a failed write to Redis is repeated. */
const RETRY_AFTER: Millis = 500;

/**
 * Writes to the directory how the caller's call goes on after the stream closes (`intent`), and repeats that until it
 * works. Twilio asks the webhook as soon as the stream is closed, so it must be written before. Resolves when it is
 * written, or when `isOver`.
 */
export async function setIntent(
  intent: Intent,
  call: {readonly callSid: CallSid; readonly journal: CallJournal; readonly isOver: () => boolean},
  {directory, clock, log}: {readonly directory: CallDirectory; readonly clock: Clock; readonly log: Log},
  facts: Facts = {},
): Promise<void> {
  const {callSid, journal, isOver} = call;
  while (!isOver()) {
    const written = await directory.intend(callSid, journal.epoch, intent, facts).catch((thrown: unknown) => {
      log.warn({err: thrown}, 'cannot say how the call goes on');
      return undefined;
    });
    if (written) return;
    if (written === false) await journal.verifyOwnership();
    else await sleep(clock, RETRY_AFTER);
  }
}
