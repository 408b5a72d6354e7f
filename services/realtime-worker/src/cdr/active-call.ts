import type {CallEntry} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {ActiveCall} from '@voicebridge/shared/protocol/operator-desk.ts';
import type {JournalEntry} from '../events/journal-entry.ts';

/**
 * A call in progress as its journal and its directory entry tell it, for operators. `now`: what only its session knows,
 * with who has the floor.
 */
export function activeCall(
  entries: readonly JournalEntry[],
  {callSid, startedAt, facts}: Pick<CallEntry, 'callSid' | 'startedAt' | 'facts'>,
  now: Pick<ActiveCall, 'assistant' | 'edge' | 'speaks'>,
): ActiveCall {
  let turns = 0;
  let interruptions = 0;
  let turnGapMs: number | null = null;
  for (const entry of entries) {
    if (entry.is === 'snapshot') {
      // With those that proved to be false; which they were is in the call's past.
      ({turns, interruptions} = entry.call);
    }
    if (entry.is === 'turn') {
      turns = Math.max(turns, entry.turn.turn + 1);
      turnGapMs = entry.turn.platformTurnGapMs ?? turnGapMs;
    }
    if (entry.is === 'interruption' && !entry.interruption.false) interruptions += 1;
  }
  return {
    ...now,
    callSid,
    startedAt,
    direction: facts['direction'] ?? 'inbound',
    ...(facts['via'] === 'browser' ? {via: 'browser' as const} : {}),
    callerLastTwo: facts['callerLastTwo'] ?? null,
    turns,
    turnGapMs,
    interruptions,
  };
}
