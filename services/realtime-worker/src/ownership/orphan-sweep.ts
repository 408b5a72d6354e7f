import type {CallDirectory} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {Fleet} from '@voicebridge/shared/fleet/fleet.ts';
import {background, type Log} from '@voicebridge/shared/observability/log.ts';
import type {CallSid, ProcessId} from '@voicebridge/shared/protocol/ids.ts';
import {every, type Cancel, type Clock, type Millis} from '@voicebridge/shared/time.ts';
import {claimOrphan} from './take-call.ts';
import type {FinishedCall} from '../cdr/send-cdr.ts';

const SWEEP_EVERY: Millis = 5_000;
/** An edge finds a new owner long before this, so a call without an owner for this long has no edge either. */
const ORPHANED_AFTER: Millis = 15_000;
/** A caller on hold is connected to an edge again at most this long after the hold ends. */
const BACK_WITHIN: Millis = 30_000;

/**
 * Looks for calls whose owner died and that no other worker took over: the caller hung up at that moment, or the edge
 * died too. Each is claimed in the directory, so that only one worker sends its record. Returns a function that stops it.
 */
export function sweepOrphans(options: {
  readonly directory: CallDirectory;
  readonly fleet: Fleet;
  readonly worker: ProcessId;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether this worker owns the call or is taking it. */
  readonly isOwnedHere: (callSid: CallSid) => boolean;
  /** Called with each orphaned call that this worker has claimed. */
  readonly onOrphan: (orphan: FinishedCall) => Promise<void>;
}): Cancel {
  const {directory, fleet, clock, log, isOwnedHere, onOrphan} = options;
  const orphanedSince = new Map<CallSid, Millis>();
  const sweep = async () => {
    const [open, members] = await Promise.all([directory.open(), fleet.members('workers')]);
    const alive = new Set(members.map(member => member.id));
    const at = clock.now();
    for (const callSid of orphanedSince.keys()) if (!open.includes(callSid)) orphanedSince.delete(callSid);
    for (const callSid of open) {
      if (isOwnedHere(callSid)) continue;
      const call = await directory.read(callSid);
      const owner = call?.owner;
      if (call?.state === 'live' && alive.has(call.owner) && owner !== options.worker) {
        orphanedSince.delete(callSid);
        continue;
      }
      // While the caller is on hold at Twilio there is no edge that could look for an owner.
      if (clock.wall() < Number(call?.facts['heldUntil'] ?? 0) + BACK_WITHIN) continue;
      const orphanedAt = orphanedSince.get(callSid) ?? at;
      orphanedSince.set(callSid, orphanedAt);
      if (at - orphanedAt < ORPHANED_AFTER) continue;
      orphanedSince.delete(callSid);
      // The list of open calls is out of date: the owner died before it removed the call, or Redis lost the call's entry.
      if (call?.state === 'ended') await directory.end(callSid, call.epoch);
      if (!call) await directory.forget(callSid);
      const orphan = await claimOrphan(callSid, options);
      if (!orphan) continue;
      log.warn({callSid, owner}, 'found a call without an owner');
      await onOrphan({callSid, epoch: orphan.call.epoch, entries: orphan.entries});
    }
  };
  return every(clock, SWEEP_EVERY, () => background(sweep(), log, 'looking for orphans'));
}
