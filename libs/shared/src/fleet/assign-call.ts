import {isGivenBack, type Request, type WorkerClient} from '../rpc/worker-client.ts';
import type {CallDirectory, ServedCall} from '../call-directory/call-directory.ts';
import type {Fleet, Member} from './fleet.ts';
import type {MediaBus} from '../bus/media-bus.ts';
import {inboxesOf} from '../rpc/places.ts';
import {leastLoaded, wellOrAll, withRoom} from './least-loaded.ts';
import type {Log} from '../observability/log.ts';
import type {Metrics} from '../observability/metrics.ts';
import type {ProcessId} from '../protocol/ids.ts';
import type {Clock, Millis} from '../time.ts';

/** Milliseconds for the first answer of a worker… */
const ANSWER_WITHIN: Millis = 300;
/** …and for its answer when all others were asked too: it may be busy and still have free places. */
const ANSWER_AT_LAST_WITHIN: Millis = 1_000;
const GIVE_UP_AFTER: Millis = 2_000;

export interface AssignDeps {
  readonly fleet: Pick<Fleet, 'members'>;
  readonly workerClient: Pick<WorkerClient, 'ask'>;
  readonly bus: Pick<MediaBus, 'wellSince'>;
  readonly directory: Pick<CallDirectory, 'read'>;
  readonly clock: Clock;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
  readonly metrics: Pick<Metrics, 'takeoversTotal'>;
  readonly log: Log;
}

/** The call as `take` describes it, and the workers that must not get it, such as the owner that died. */
export type Assignment = Omit<Extract<Request, {type: 'take'}>, 'type'> & {readonly exclude?: readonly ProcessId[]};

/**
 * A call and its owner. The owner already knows in words what the caller said before `settledMs` of the stream, and the
 * first `digits` of the keys pressed on it.
 */
export interface Owned {
  readonly call: ServedCall;
  readonly settledMs?: Millis | undefined;
  readonly digits?: number | undefined;
}

/**
 * `full`: every live worker has said that it is full. `none`: no worker is live, or all drain. `unanswered`: a worker
 * may have a free place and did not answer in time; it may still take the call.
 */
export type Assigned =
  | ({readonly assigned: true} & Owned)
  | {readonly assigned: false; readonly why: 'full' | 'none' | 'unanswered'};

/**
 * Finds an owner for a call. Asks the least loaded of a random few workers (for the call of a dead worker: a random one
 * with free places), then the next, and those that did not answer once more, until one says yes, all have refused or 2 s
 * have passed. Workers in trouble are asked last, and after them workers whose inboxes are all on shards that are away. If
 * another process has assigned the call meanwhile, returns that owner. Never rejects.
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
  const {fleet, workerClient, bus, directory, clock, metrics, log} = deps;
  const deadline = clock.now() + GIVE_UP_AFTER;
  const members = await fleet.members('workers');
  let left = members.filter(({id, state}) => state === 'ready' && !exclude.includes(id));
  const choose = assignment.cause === 'worker-lost' ? withRoom : leastLoaded;
  const refusals = new Map<ProcessId, string>();
  const silent: Member[] = [];
  let {epoch} = assignment;
  while (clock.now() < deadline) {
    const reachable = left.filter(({id}) => inboxesOf(id, bus).isWell);
    const worker = choose(wellOrAll(reachable.length > 0 ? reachable : left), deps.random);
    const asked = worker ?? silent.shift();
    if (!asked) break;
    left = left.filter(({id}) => id !== asked.id);
    const patience = worker ? ANSWER_WITHIN : ANSWER_AT_LAST_WITHIN;
    const timeout = Math.min(patience, deadline - clock.now());
    const reply = await workerClient.ask(asked.id, {...assignment, epoch, type: 'take'}, timeout);
    if (reply.answer === 'yes') {
      if (assignment.epoch > 0) metrics.takeoversTotal.inc({cause: assignment.cause});
      return {
        assigned: true,
        call: {...assignment, state: 'live', owner: asked.id, epoch: reply.epoch},
        settledMs: reply.settledMs,
        digits: reply.digits,
      };
    }
    if (reply.answer === 'taken') {
      const call = await directory.read(assignment.callSid);
      if (call?.state === 'live' && call.epoch > epoch) return {assigned: true, call};
      // It was taken and has ended.
      if (call?.state === 'ended') return {assigned: false, why: 'none'};
    }
    log.debug({worker: asked.id, answer: reply.answer}, 'worker did not take the call');
    if (isGivenBack(reply, epoch)) {
      ({epoch} = reply);
      // Asked once more after the others: the only worker may be able to serve it by then.
      if (!refusals.has(asked.id)) silent.push(asked);
    }
    refusals.set(asked.id, reply.answer);
    if (reply.answer === 'noAnswer') silent.push(asked);
  }
  const answers = new Set(refusals.values());
  // A worker that answered too late may have taken it.
  const call = answers.has('noAnswer') ? await directory.read(assignment.callSid) : undefined;
  if (call?.state === 'live' && call.epoch > epoch) return {assigned: true, call};
  // A worker without a receiver is dead.
  answers.delete('noReceiver');
  answers.delete('draining');
  if (left.length > 0) return {assigned: false, why: 'unanswered'};
  if (answers.size === 0) return {assigned: false, why: 'none'};
  return {assigned: false, why: answers.size === 1 && answers.has('full') ? 'full' : 'unanswered'};
}
