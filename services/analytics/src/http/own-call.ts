import type {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import type {Clock} from '@voicebridge/shared/time.ts';
import {audit} from '../auth/audit.ts';
import type {DatabaseWatch} from '../database/database-watch.ts';
import {callSoFar} from '../ingest/call-so-far.ts';
import type {PhoneCallDeps} from '../phone/phone-call.ts';
import type {CallsInProgress} from '../queries/calls-in-progress.ts';

/** As many readings as there can be phones, and those of the last minutes. */
const REMEMBERED = 100;

/**
 * What somebody at a phone in the browser sees of the call that they speak in. On this machine, where nobody signs in,
 * that is all of it: they hear it anyway. With a password it is what they may read, and that they did is in the audit.
 */
export function followOwnCall({
  database,
  inProgress,
  clock,
}: {
  readonly database: DatabaseWatch;
  readonly inProgress: CallsInProgress;
  readonly clock: Clock;
}): PhoneCallDeps['follow'] {
  const noted = new Set<CallSid>();
  return async (callSid, viewer) => {
    const found = await inProgress.record(callSid);
    const seen = viewer.who === null ? {who: null, may: new Set(['words' as const])} : viewer;
    const detail = found && callSoFar(found.parts, seen, clock.wall());
    if (!detail) return undefined;
    const {turns, interruptions, toolCalls, failovers, transcript} = detail;
    if (transcript.length > 0 && viewer.who !== null && !noted.has(callSid)) {
      await audit(database.now, {action: 'transcript.read', subject: callSid, who: viewer.who});
      for (const oldest of [...noted].slice(0, noted.size - REMEMBERED)) noted.delete(oldest);
      noted.add(callSid);
    }
    return {turns, interruptions, toolCalls, failovers, transcript, worker: found.worker, edge: found.edge};
  };
}
