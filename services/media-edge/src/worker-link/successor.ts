import type {CallDirectory, ServedCall} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {Owned} from '@voicebridge/shared/fleet/assign-call.ts';
import {logFirstFailure, type Log} from '@voicebridge/shared/observability/log.ts';
import type {CallSid, ProcessId, StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import {retryUntilAborted, sleep} from '@voicebridge/shared/retry.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import type {ReassignmentLimit} from './reassignment-limit.ts';
import type {Workers} from './workers.ts';

/** How long a new owner is looked for before the stream is given up and the webhook decides. */
const SEARCH_MS: Millis = 10_000;

/** Why a link has ended. `superseded`: a newer stream has the call. `abandoned`: no worker takes the call. */
export type LinkOver = 'ended' | 'superseded' | 'abandoned';

/** Who has a call now. `same`: the owner that was taken for dead, or for one without the call, still has it. */
export type Successor =
  | {readonly kind: 'same'}
  | ({readonly kind: 'owned'} & Owned)
  | {readonly kind: 'over'; readonly why: LinkOver};

/**
 * Why an owner may have lost its call. `left`: it does not have the call any more, whether it is alive or not. `silent`:
 * it has not answered for so long that it probably never had it. `claimed`: a message says that another worker has the call,
 * which only the directory knows.
 */
export type OwnerLoss = 'dead' | 'left' | 'silent' | 'claimed';

export interface Search {
  /** This edge. */
  readonly id: ProcessId;
  readonly stream: {readonly callSid: CallSid; readonly streamSid: StreamSid};
  readonly workers: Pick<Workers, 'assign' | 'alive' | 'linkedSince'>;
  readonly directory: Pick<CallDirectory, 'read'>;
  /** Whether the owner has been heard on the channel of its epoch: then it has the call, however late it was. */
  readonly isHeard: () => boolean;
  /** Of this call, over all its searches. */
  readonly limit: ReassignmentLimit;
  readonly clock: Clock;
  readonly log: Log;
  /** Aborts when the stream has ended; then the search ends with `over`. */
  readonly signal: AbortSignal;
}

const SAME: Successor = {kind: 'same'};
const ENDED: Successor = {kind: 'over', why: 'ended'};

/**
 * Finds out who has a call whose owner is lost, and assigns it to another worker if none has. Searches for ten seconds at
 * most. Never rejects.
 */
export async function findSuccessor(call: ServedCall, loss: OwnerLoss, search: Search): Promise<Successor> {
  const {stream, clock, log, signal} = search;
  const deadline = clock.now() + SEARCH_MS;
  for (let pauseMs = 20; clock.now() < deadline; pauseMs = Math.min(pauseMs * 2, 320)) {
    const found = await searchOnce(call, loss, search);
    if (signal.aborted) return ENDED;
    if (found?.kind === 'owned') {
      const {owner, epoch, stream: known} = found.call;
      log.warn({before: call.owner, worker: owner, epoch, why: loss}, 'call has a new owner');
      return known?.streamSid === stream.streamSid ? found : {kind: 'over', why: 'superseded'};
    }
    if (found) return found;
    await sleep(clock, pauseMs, signal);
    if (signal.aborted) return ENDED;
  }
  log.error({worker: call.owner}, 'no worker takes the call');
  return {kind: 'over', why: 'abandoned'};
}

/** Undefined: no worker has the call yet, or Redis does not answer. */
async function searchOnce(call: ServedCall, loss: OwnerLoss, search: Search): Promise<Successor | undefined> {
  const {stream, workers, directory, isHeard, clock, log, signal} = search;
  if (loss === 'silent' && isHeard()) return SAME;
  // At once, without reading the directory: if another process was faster, or the call has ended, the claim fails.
  const assigned = loss === 'dead' && !workers.alive(call.owner) ? await reassign(call, search) : undefined;
  if (assigned) return assigned;
  const read = await retryUntilAborted(() => directory.read(stream.callSid), {
    clock,
    signal,
    onFailure: logFirstFailure(log, 'read call'),
  });
  const known = read.ok ? read.result : undefined;
  if (known?.state === 'ended') return ENDED;
  if (known && known.epoch > call.epoch) return {kind: 'owned', call: known};
  if (loss === 'claimed') return known && SAME;
  if (loss === 'dead') return known && workers.alive(call.owner) ? SAME : undefined;
  return reassign(call, search);
}

async function reassign(call: ServedCall, search: Search): Promise<Successor | undefined> {
  const {id, stream, workers, limit, clock} = search;
  if (!limit.allows(workers.linkedSince(call.owner), clock.now())) return undefined;
  const {owner, epoch, assistant, facts} = call;
  const owned = await workers.assign({
    callSid: stream.callSid,
    epoch,
    assistant,
    facts,
    cause: 'worker-lost',
    stream: {streamSid: stream.streamSid, edge: id},
    exclude: [owner],
  });
  if (!owned) return undefined;
  limit.moved(clock.now());
  return {kind: 'owned', ...owned};
}
