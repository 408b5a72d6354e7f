import type {WorkerClient, Request} from '../rpc/worker-client.ts';
import type {CallDirectory, ServedCall} from '../call-directory/call-directory.ts';
import type {Fleet, Member} from './fleet.ts';
import {leastLoaded, withRoom} from './least-loaded.ts';
import type {Log} from '../observability/log.ts';
import type {Metrics} from '../observability/metrics.ts';
import type {ProcessId} from '../protocol/ids.ts';
import type {Clock, Millis} from '../time.ts';

/** A worker has so long to answer when it is first asked… */
const ANSWER_WITHIN: Millis = 300;
/** …and so long when all others were asked as well: it may be busy, and have places. */
const ANSWER_AT_LAST_WITHIN: Millis = 1_000;
const GIVE_UP_AFTER: Millis = 2_000;

export interface AssignDeps {
  readonly fleet: Pick<Fleet, 'members'>;
  readonly workerClient: Pick<WorkerClient, 'ask'>;
  readonly directory: Pick<CallDirectory, 'read'>;
  readonly clock: Clock;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
  readonly metrics: Pick<Metrics, 'takeoversTotal'>;
  readonly log: Log;
}

/** The call, as `take` tells it to a worker, and who is not to get it: the owner that died. */
export type Assignment = Omit<Extract<Request, {type: 'take'}>, 'type'> & {readonly exclude?: readonly ProcessId[]};

/** A call with its owner, who need not be told what the caller said before `settledMs` of the stream. */
export interface Owned {
  readonly call: ServedCall;
  readonly settledMs?: Millis | undefined;
}

/**
 * `full`: every worker that lives has said that it has no place. `none`: none lives, or all drain. `unanswered`: one of
 * them may have a place, and did not say so in time; it may even take the call yet.
 */
export type Assigned =
  | ({readonly assigned: true} & Owned)
  | {readonly assigned: false; readonly why: 'full' | 'none' | 'unanswered'};

/**
 * Finds an owner for a call: asks the least loaded of a random few (for the call of a dead worker: any with room), then
 * the next, and those that did not answer once more, until one says yes, all have said no or 2 s have passed. If somebody
 * else has found an owner meanwhile, that is the answer. Never rejects.
 */
export async function assignCall(deps: AssignDeps, {exclude = [], ...assignment}: Assignment): Promise<Assigned> {
  try {
    return await findOwner(deps, assignment, exclude);
  } catch (thrown) {
    deps.log.warn({err: thrown}, 'cannot look for an owner');
    return {assigned: false, why: 'unanswered'};
  }
}

async function findOwner(
  deps: AssignDeps,
  assignment: Omit<Assignment, 'exclude'>,
  exclude: readonly ProcessId[],
): Promise<Assigned> {
  const {fleet, workerClient, directory, clock, metrics, log} = deps;
  const deadline = clock.now() + GIVE_UP_AFTER;
  const members = await fleet.members('workers');
  let left = members.filter(({id, state}) => state === 'ready' && !exclude.includes(id));
  const choose = assignment.cause === 'worker-lost' ? withRoom : leastLoaded;
  const refusals = new Map<ProcessId, string>();
  const silent: Member[] = [];
  while (clock.now() < deadline) {
    const worker = choose(left, deps.random);
    const asked = worker ?? silent.shift();
    if (!asked) break;
    left = left.filter(({id}) => id !== asked.id);
    const patience = worker ? ANSWER_WITHIN : ANSWER_AT_LAST_WITHIN;
    const timeout = Math.min(patience, deadline - clock.now());
    const reply = await workerClient.ask(asked.id, {...assignment, type: 'take'}, timeout);
    if (reply.answer === 'yes') {
      if (assignment.epoch > 0) metrics.takeoversTotal.inc({cause: assignment.cause});
      return {
        assigned: true,
        call: {...assignment, state: 'live', owner: asked.id, epoch: reply.epoch},
        settledMs: reply.settledMs,
      };
    }
    if (reply.answer === 'taken') {
      const call = await directory.read(assignment.callSid);
      if (call?.state === 'live' && call.epoch > assignment.epoch) return {assigned: true, call};
      // Taken, and over already: there is nothing left to own.
      if (call?.state === 'ended') return {assigned: false, why: 'none'};
    }
    log.debug({worker: asked.id, answer: reply.answer}, 'worker did not take the call');
    refusals.set(asked.id, reply.answer);
    if (reply.answer === 'noAnswer') silent.push(asked);
  }
  const answers = new Set(refusals.values());
  // Whoever was too slow to answer may have taken it after all.
  const call = answers.has('noAnswer') ? await directory.read(assignment.callSid) : undefined;
  if (call?.state === 'live' && call.epoch > assignment.epoch) return {assigned: true, call};
  // Nobody listens there any more: it does not live.
  answers.delete('noReceiver');
  answers.delete('draining');
  if (left.length > 0) return {assigned: false, why: 'unanswered'};
  if (answers.size === 0) return {assigned: false, why: 'none'};
  return {assigned: false, why: answers.size === 1 && answers.has('full') ? 'full' : 'unanswered'};
}
