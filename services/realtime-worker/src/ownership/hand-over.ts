import {isGivenBack, type WorkerClient} from '@voicebridge/shared/rpc/worker-client.ts';
import type {CallDirectory} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {Fleet, Member} from '@voicebridge/shared/fleet/fleet.ts';
import {leastLoaded, wellOrAll} from '@voicebridge/shared/fleet/least-loaded.ts';
import type {ProcessId} from '@voicebridge/shared/protocol/ids.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {OwnedCall} from '../call-session/call-deps.ts';

export interface HandOverDeps {
  /** The worker that owns the call. */
  readonly worker: ProcessId;
  readonly fleet: Pick<Fleet, 'members'>;
  readonly directory: Pick<CallDirectory, 'read'>;
  readonly workerClient: Pick<WorkerClient, 'ask'>;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
}

/** How long another worker may take to accept a call. It opens a model session first. */
const ACCEPT_WITHIN: Millis = 4_000;

/** All workers that accept calls, except this one. `onlyWell`: those only that can do their work. */
export async function otherReadyWorkers(
  worker: ProcessId,
  fleet: Pick<Fleet, 'members'>,
  {onlyWell = false}: {readonly onlyWell?: boolean} = {},
): Promise<readonly Member[]> {
  const others = (await fleet.members('workers')).filter(({id, state}) => id !== worker && state === 'ready');
  return onlyWell ? others.filter(({trouble}) => trouble === undefined) : others;
}

/**
 * Asks the other workers, least loaded first and those in trouble last, to take the call over. Resolves with true if this worker no longer owns the
 * call, with false if no worker took it.
 */
export async function handOver(
  {callSid}: OwnedCall,
  {worker, fleet, directory, workerClient, random}: HandOverDeps,
  options: {readonly onlyWell?: boolean} = {},
): Promise<boolean> {
  let left = await otherReadyWorkers(worker, fleet, options);
  /** Workers that claimed the call and gave it back: one of them is still its owner in the directory. */
  const gaveBack = new Set<ProcessId>();
  const next = () => leastLoaded(wellOrAll(left), random);
  for (let other = next(); other; other = next()) {
    const {id: chosen} = other;
    left = left.filter(({id}) => id !== chosen);
    const entry = await directory.read(callSid);
    if (!entry) return false;
    if (entry.state === 'ended' || (entry.owner !== worker && !gaveBack.has(entry.owner))) return true;
    const {stream, epoch, assistant, facts} = entry;
    const request = {
      type: 'take' as const,
      callSid,
      epoch,
      assistant,
      facts,
      cause: 'worker-drained' as const,
      ...(stream ? {stream} : {}),
    };
    const reply = await workerClient.ask(chosen, request, ACCEPT_WITHIN);
    if (reply.answer === 'yes') return true;
    if (isGivenBack(reply, epoch)) gaveBack.add(chosen);
  }
  // A worker that answered too late may have claimed the call after all.
  const entry = await directory.read(callSid);
  return entry !== undefined && entry.owner !== worker;
}
