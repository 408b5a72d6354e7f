import type {Asker, Request} from '../asking/asker.ts';
import type {CallDirectory, ServedCall} from '../call-directory/call-directory.ts';
import type {Fleet} from '../fleet/fleet.ts';
import {leastLoaded, withRoom} from '../fleet/least-loaded.ts';
import type {Log} from '../log.ts';
import type {Metrics} from '../metrics.ts';
import type {ProcessId} from '../protocol/ids.ts';
import type {Clock, Millis} from '../time.ts';

const ANSWER_WITHIN: Millis = 300;
const GIVE_UP_AFTER: Millis = 2_000;

export interface PinDeps {
  readonly fleet: Pick<Fleet, 'members'>;
  readonly asker: Pick<Asker, 'ask'>;
  readonly directory: Pick<CallDirectory, 'read'>;
  readonly clock: Clock;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
  readonly metrics: Pick<Metrics, 'repinsTotal'>;
  readonly log: Log;
}

/** The call, as `take` tells it to a worker, and who is not to get it: the owner that died. */
export type Pin = Omit<Extract<Request, {type: 'take'}>, 'type'> & {readonly exclude?: readonly ProcessId[]};

/** A call with its owner, who need not be told what the caller said before `settledMs` of the stream. */
export interface Owned {
  readonly call: ServedCall;
  readonly settledMs?: Millis | undefined;
}

/** `full`: somebody lives, and had no place. `none`: nobody lives, or all drain. `unreachable`: nobody could be asked. */
export type Pinned =
  | ({readonly pinned: true} & Owned)
  | {readonly pinned: false; readonly why: 'full' | 'none' | 'unreachable'};

/**
 * Finds an owner for a call: asks the least loaded of a random few (for the call of a dead worker: any with room), then
 * the next, until one says yes, nobody is left or 2 s have passed. If somebody else has found one meanwhile, that owner is the answer. Never rejects.
 */
export async function pinCall(deps: PinDeps, {exclude = [], ...pin}: Pin): Promise<Pinned> {
  try {
    return await findOwner(deps, pin, exclude);
  } catch (thrown) {
    deps.log.warn({err: thrown}, 'cannot look for an owner');
    return {pinned: false, why: 'unreachable'};
  }
}

async function findOwner(deps: PinDeps, pin: Omit<Pin, 'exclude'>, exclude: readonly ProcessId[]): Promise<Pinned> {
  const {fleet, asker, directory, clock, metrics, log} = deps;
  const deadline = clock.now() + GIVE_UP_AFTER;
  const members = await fleet.members('workers');
  let left = members.filter(({id, state}) => state === 'ready' && !exclude.includes(id));
  const choose = pin.cause === 'worker-lost' ? withRoom : leastLoaded;
  const refusals = new Set<string>();
  while (left.length > 0 && clock.now() < deadline) {
    const worker = choose(left, deps.random);
    if (!worker) break;
    left = left.filter(({id}) => id !== worker.id);
    const timeout = Math.min(ANSWER_WITHIN, deadline - clock.now());
    const reply = await asker.ask(worker.id, {...pin, type: 'take'}, timeout);
    if (reply.answer === 'yes') {
      if (pin.epoch > 0) metrics.repinsTotal.inc({cause: pin.cause});
      return {
        pinned: true,
        call: {...pin, state: 'live', owner: worker.id, epoch: reply.epoch},
        settledMs: reply.settledMs,
      };
    }
    if (reply.answer === 'taken') {
      const call = await directory.read(pin.callSid);
      if (call?.state === 'live' && call.epoch > pin.epoch) return {pinned: true, call};
      // Taken, and over already: there is nothing left to own.
      if (call?.state === 'ended') return {pinned: false, why: 'none'};
    }
    log.debug({worker: worker.id, answer: reply.answer}, 'worker did not take the call');
    refusals.add(reply.answer);
  }
  // Somebody who was too slow to answer may have taken it after all.
  const call = refusals.has('noAnswer') ? await directory.read(pin.callSid) : undefined;
  if (call?.state === 'live' && call.epoch > pin.epoch) return {pinned: true, call};
  if (refusals.has('full')) return {pinned: false, why: 'full'};
  const nobody = [...refusals].every(answer => answer === 'draining');
  return {pinned: false, why: nobody ? 'none' : 'unreachable'};
}
