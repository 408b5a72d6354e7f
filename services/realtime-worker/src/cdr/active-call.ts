import type {ActiveCall} from '@voicebridge/shared/protocol/operator-desk.ts';
import type {JournalEntry} from '../events/journal-entry.ts';

/** A call in progress as its journal tells it, for operators. `speaks`: who has the floor now. */
export function activeCall(
  entries: readonly JournalEntry[],
  call: Pick<
    ActiveCall,
    'callSid' | 'startedAt' | 'assistant' | 'direction' | 'via' | 'callerLastTwo' | 'edge' | 'speaks'
  >,
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
  return {...call, turns, turnGapMs, interruptions};
}
