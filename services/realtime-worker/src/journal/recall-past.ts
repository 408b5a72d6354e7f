import {setImmediate} from 'node:timers/promises';
import type {CallDirectory} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {Log} from '@voicebridge/shared/observability/log.ts';
import type {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {sleep} from '@voicebridge/shared/retry.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import type {JournalEntry} from '../events/journal-entry.ts';
import type {JournalSeal} from '../events/journal-seal.ts';
import type {CallJournal} from './call-journal.ts';
import type {RestoredCall} from './restore-call.ts';
import {RestoringCall} from './restoring-call.ts';

/** Longer than Redis takes for any call. The caller does not wait longer for what was said long ago. */
const RECALL_WITHIN: Millis = 2_000;
/** The lines that say something of the conversation; most of the others are audio that was sent. */
const IS_OF_CONVERSATION = /"is":"(?:item|words|cut)"/;

/** So many lines are read at once. The frames of other calls wait for that: half a millisecond, sealed or not. */
const AT_ONCE = 300;

/**
 * Reads the part of an old call for which a snapshot stands: for the conversation that the next model session is given,
 * and for the journal. A new owner does this after it hears the caller, piece by piece, because dozens of callers may be
 * waiting to be heard. If it fails, the model knows the last part of the conversation, and the record is complete all the
 * same.
 */
export async function recallPast(
  callSid: CallSid,
  {directory, clock, log}: {readonly directory: Pick<CallDirectory, 'past'>; readonly clock: Clock; readonly log: Log},
  call: {
    readonly seal: JournalSeal;
    readonly entries: readonly JournalEntry[];
    readonly restored: RestoredCall;
    readonly journal: CallJournal;
  },
): Promise<void> {
  const past = await Promise.race([directory.past(callSid), sleep(clock, RECALL_WITHIN)]).catch((thrown: unknown) =>
    log.warn({err: thrown}, 'the past of the call cannot be read'),
  );
  if (!past) return;
  call.journal.recall(past);
  const earlier = new RestoringCall();
  for (let from = 0; from < past.length; from += AT_ONCE) {
    if (from > 0) await setImmediate();
    const lines = past.slice(from, from + AT_ONCE).filter(line => IS_OF_CONVERSATION.test(line));
    for (const entry of call.seal.read(lines)) earlier.read(entry);
  }
  for (const entry of call.entries) if (entry.is !== 'snapshot') earlier.read(entry);
  call.restored.conversation.recall(earlier.conversation);
}
