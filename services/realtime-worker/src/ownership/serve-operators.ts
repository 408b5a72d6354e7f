import type {CallFinished} from '@voicebridge/shared/cdr/call-record.ts';
import {type Log, logOfCall} from '@voicebridge/shared/observability/log.ts';
import type {CallSid, ProcessId} from '@voicebridge/shared/protocol/ids.ts';
import type {OperatorAsk, ToldCall} from '@voicebridge/shared/protocol/operator-desk.ts';
import type {WorkerSide} from '@voicebridge/shared/rpc/operator-desk.ts';
import {every} from '@voicebridge/shared/ticker.ts';
import type {Cancel, Clock, Millis} from '@voicebridge/shared/time.ts';
import {buildCdr, type TranscriptPolicy} from '../cdr/build-cdr.ts';
import type {OwnedCalls} from './owned-calls.ts';

const LOOK_EVERY: Millis = 1_000;
/** Operators ask again each second for as long as they look. */
const WATCHED_FOR: Millis = 4_000;

/** What operators may see and do here. */
export interface Served {
  active(): readonly ToldCall[];
  /** The record of a call as if it ended now; undefined: it is not here. */
  recordSoFar(callSid: CallSid): readonly CallFinished[] | undefined;
  hangUp(callSid: CallSid): void;
  /** Sends the caller to a person, if they may be sent there. */
  transfer(callSid: CallSid, to: string): void;
}

/** The calls of this worker, for operators. `allow`: TRANSFER_ALLOW; `transcripts`: whether records have words. */
export function servedCalls(
  calls: OwnedCalls,
  {
    allow,
    transcripts,
    log,
  }: {readonly allow: readonly string[]; readonly transcripts: TranscriptPolicy; readonly log: Log},
): Served {
  return {
    active: () => calls.active(allow),
    recordSoFar(callSid) {
      const entries = calls.entriesOf(callSid);
      return entries && buildCdr(entries, transcripts);
    },
    hangUp(callSid) {
      logOfCall(log, callSid).info({}, 'an operator hangs up');
      calls.hangUp(callSid);
    },
    transfer(callSid, to) {
      const isDone = calls.transfer(callSid, to, allow);
      if (isDone) logOfCall(log, callSid).info({}, 'an operator transfers the caller');
      else logOfCall(log, callSid).warn({}, 'an operator may not transfer the caller there');
    },
  };
}

/**
 * Looks once a second what operators ask this worker for, and shows its calls while somebody looks. Calls are in no danger
 * from it: what fails is tried at the next look.
 */
export function serveOperators({
  desk,
  worker,
  served,
  clock,
  log,
}: {
  readonly desk: WorkerSide;
  readonly worker: ProcessId;
  readonly served: Served;
  readonly clock: Clock;
  readonly log: Log;
}): Cancel {
  let watchedUntil: Millis = 0;
  const details = new Map<CallSid, Millis>();
  let isBusy = false;

  const note = (ask: OperatorAsk) => {
    if (ask.ask === 'hangUp') return served.hangUp(ask.callSid);
    if (ask.ask === 'transfer') return served.transfer(ask.callSid, ask.to);
    watchedUntil = clock.now() + WATCHED_FOR;
    if (ask.callSid !== undefined) details.set(ask.callSid, watchedUntil);
  };

  const look = async () => {
    for (const ask of await desk.taken(worker)) note(ask);
    if (clock.now() >= watchedUntil) return;
    await desk.tell(worker, served.active());
    for (const [callSid, until] of details) {
      const parts = clock.now() < until ? served.recordSoFar(callSid) : undefined;
      if (parts) await desk.tellRecord(worker, callSid, parts);
      else details.delete(callSid);
    }
  };

  return every(clock, LOOK_EVERY, () => {
    if (isBusy) return;
    isBusy = true;
    look()
      .catch((thrown: unknown) => log.debug({err: thrown}, 'could not serve operators'))
      .finally(() => (isBusy = false));
  });
}
