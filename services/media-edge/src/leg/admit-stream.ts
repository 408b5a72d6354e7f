import type {CallDirectory, CallEntry, TicketGrant} from '@voicebridge/shared/call-directory/call-directory.ts';
import {logFirstFailure, type Log} from '@voicebridge/shared/observability/log.ts';
import {retryUntilAborted, sleep} from '@voicebridge/shared/retry.ts';
import type {Started} from '../carriers/carrier.ts';
import type {ProcessId, StreamSid, Ticket} from '@voicebridge/shared/protocol/ids.ts';
import {ringParameters} from '@voicebridge/shared/protocol/worker-rpc.ts';
import type {Clock} from '@voicebridge/shared/time.ts';
import type {Workers} from '../worker-link/workers.ts';

/** Whether a stream may be bridged, with its call; else the close code and reason of its socket. */
export type Admission =
  | {
      readonly ok: true;
      readonly call: CallEntry;
      /** The older stream of the same call, which must be closed. */
      readonly replaced?: {readonly streamSid: StreamSid; readonly edge: ProcessId};
    }
  | {readonly ok: false; readonly code: number; readonly reason: string};

export interface AdmitDeps {
  /** This edge. */
  readonly id: ProcessId;
  readonly directory: Pick<CallDirectory, 'read' | 'attach' | 'forget'>;
  readonly workers: Pick<Workers, 'assign'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** By what right a stream comes in: a ticket that was redeemed, or none where nothing is validated. */
export type Entrance =
  | {readonly by: 'ticket'; readonly ticket: Ticket; readonly grant: TicketGrant}
  | {readonly by: 'noTicket'};

type Refused = Extract<Admission, {ok: false}>;

/** The epoch in which a stream may attach to its call. */
type Right = {readonly ok: true; readonly epoch: number} | Refused;

const refused = (code: number, reason: string): Refused => ({ok: false, code, reason});

/**
 * Decides whether a stream may be bridged to the call it names, and attaches it in the directory. Waits for Redis and for
 * a worker until `signal` aborts. Writes nothing before the ticket was compared with the call.
 */
export async function admitStream(
  start: Started,
  entrance: Entrance,
  deps: AdmitDeps,
  signal: AbortSignal,
): Promise<Admission> {
  const {format} = start;
  if (format && (format.encoding !== 'mulaw' || format.sampleRate !== 8_000 || format.channels !== 1)) {
    return refused(1003, 'only audio/x-mulaw at 8000 Hz, one channel');
  }
  const right = entrance.by === 'ticket' ? byTicket(start, entrance) : await byAssignment(start, deps, signal);
  return right.ok ? attach(start, right.epoch, entrance, deps, signal) : right;
}

function byTicket({callSid}: Started, {grant}: Extract<Entrance, {by: 'ticket'}>): Right {
  return grant.callSid === callSid ? {ok: true, epoch: grant.epoch} : refused(1008, 'the ticket is for another call');
}

/** A client without a ticket opens a stream for a new call, or another one for a call that a worker has. */
async function byAssignment(
  {callSid, facts: given}: Started,
  {directory, workers, clock, log}: AdmitDeps,
  signal: AbortSignal,
): Promise<Right> {
  while (!signal.aborted) {
    const onFailure = logFirstFailure(log, 'read call');
    const known = await retryUntilAborted(() => directory.read(callSid), {clock, signal, onFailure});
    if (known.ok && known.result?.state === 'live') return {ok: true, epoch: known.result.epoch};
    // A test tool may use the same id for every call; carriers never do.
    if (known.ok && known.result) await directory.forget(callSid).catch(() => false);
    // Facts say where streams and transfers go. What a client says that proved nothing is none of them.
    // The worker's assistant may be told, as what it is: the words of whoever calls.
    const ring = {direction: 'inbound' as const, parameters: ringParameters(given)};
    const owned = await workers.assign({callSid, epoch: 0, assistant: 'default', facts: {}, ring, cause: 'plain'});
    if (owned) return {ok: true, epoch: owned.call.epoch};
    await sleep(clock, 250, signal);
  }
  return refused(1013, 'no worker is free');
}

async function attach(
  {callSid, streamSid}: Started,
  epoch: number,
  entrance: Entrance,
  {id, directory, clock, log}: AdmitDeps,
  signal: AbortSignal,
): Promise<Admission> {
  const retry = <Result>(work: () => Promise<Result>) =>
    retryUntilAborted(work, {clock, signal, onFailure: logFirstFailure(log, 'attach stream')});
  const attachIn = (epoch: number) => retry(() => directory.attach(callSid, {epoch, streamSid, edge: id}));
  // A worker may hand the call over between the ticket and the stream: the epoch is higher then, the ticket still good.
  for (let tries = 0; tries < 5; tries += 1) {
    const attached = await attachIn(epoch);
    if (!attached.ok) break;
    if (attached.result) return {ok: true, ...attached.result};
    const read = await retry(() => directory.read(callSid));
    if (!read.ok) break;
    const call = read.result;
    if (!call || call.state === 'ended') return refused(1000, 'the call is over');
    if (entrance.by === 'ticket' && call.ticket !== entrance.ticket)
      return refused(1000, 'a newer stream has the call');
    epoch = call.epoch;
  }
  return refused(1011, 'the call could not be found in time');
}
