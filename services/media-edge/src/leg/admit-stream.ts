import type {CallDirectory, CallEntry, TicketGrant} from '@voicebridge/shared/call-directory/call-directory.ts';
import {logFirstFailure, type Log} from '@voicebridge/shared/observability/log.ts';
import {retryUntilAborted, sleep} from '@voicebridge/shared/retry.ts';
import type {TwilioStart} from '../carriers/twilio/from-twilio.ts';
import type {ProcessId, StreamSid, Ticket} from '@voicebridge/shared/protocol/ids.ts';
import type {Clock} from '@voicebridge/shared/time.ts';
import type {Workers} from '../worker-link/workers.ts';

/** Whether a stream may be bridged, and what the fleet knows about its call; else how the socket is closed. */
export type Admission =
  | {
      readonly ok: true;
      readonly call: CallEntry;
      /** The older stream of the same call: it must go. */
      readonly replaced?: {readonly streamSid: StreamSid; readonly edge: ProcessId};
    }
  | {readonly ok: false; readonly code: number; readonly reason: string};

export interface AdmitDeps {
  /** This edge. */
  readonly id: ProcessId;
  readonly directory: Pick<CallDirectory, 'read' | 'attach' | 'forget'>;
  readonly desk: Pick<Workers, 'pin'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** How a stream came to be here: with a ticket that was taken for it, or by a client that needs none. */
export type Entrance =
  | {readonly by: 'ticket'; readonly ticket: Ticket; readonly grant: Promise<TicketGrant | undefined>}
  | {readonly by: 'door'};

const refused = (code: number, reason: string): Admission => ({ok: false, code, reason});

/**
 * A stream said which call it is for: may it be bridged? Waits for Redis and for a worker as long as `signal` lets it.
 * Nothing is written before the ticket was compared with the call.
 */
export async function admitStream(
  {start}: TwilioStart,
  entrance: Entrance,
  deps: AdmitDeps,
  signal: AbortSignal,
): Promise<Admission> {
  const format = start.mediaFormat;
  if (format && (format.encoding !== 'audio/x-mulaw' || format.sampleRate !== 8_000 || format.channels !== 1)) {
    return refused(1003, 'only audio/x-mulaw at 8000 Hz, one channel');
  }
  const epoch = entrance.by === 'ticket' ? await granted(start, entrance) : await assigned(start, deps, signal);
  if (typeof epoch !== 'number') return epoch;
  return attached(start, epoch, entrance, deps, signal);
}

async function granted(
  {callSid}: TwilioStart['start'],
  {grant}: Extract<Entrance, {by: 'ticket'}>,
): Promise<number | Admission> {
  const found = await grant;
  if (!found) return refused(1008, 'the ticket is used, too old, or was never given out');
  return found.callSid === callSid ? found.epoch : refused(1008, 'the ticket is for another call');
}

/** A client without a ticket brings a call that the fleet has not heard of, or is back with one that it has. */
async function assigned(
  {callSid, customParameters}: TwilioStart['start'],
  {directory, desk, clock, log}: AdmitDeps,
  signal: AbortSignal,
): Promise<number | Admission> {
  while (!signal.aborted) {
    const onFailure = logFirstFailure(log, 'read call');
    const known = await retryUntilAborted(() => directory.read(callSid), {clock, signal, onFailure});
    if (known.ok && known.result?.state === 'live') return known.result.epoch;
    // A tool may use one CallSid again and again; Twilio never does.
    if (known.ok && known.result) await directory.forget(callSid).catch(() => false);
    const request = {callSid, epoch: 0, assistant: 'default', facts: customParameters, cause: 'plain'} as const;
    const owned = await desk.pin(request);
    if (owned) return owned.call.epoch;
    await sleep(clock, 250, signal);
  }
  return refused(1013, 'no worker is free');
}

async function attached(
  {callSid, streamSid}: TwilioStart['start'],
  epoch: number,
  entrance: Entrance,
  {id, directory, clock, log}: AdmitDeps,
  signal: AbortSignal,
): Promise<Admission> {
  const retry = <Result>(work: () => Promise<Result>) =>
    retryUntilAborted(work, {clock, signal, onFailure: logFirstFailure(log, 'attach stream')});
  const attach = (epoch: number) => retry(() => directory.attach(callSid, {epoch, streamSid, edge: id}));
  // A worker may hand the call over between the ticket and the stream: then the epoch is newer, the right is the same.
  for (let tries = 0; tries < 5; tries += 1) {
    const attaching = await attach(epoch);
    if (!attaching.ok) break;
    if (attaching.result) return {ok: true, ...attaching.result};
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
