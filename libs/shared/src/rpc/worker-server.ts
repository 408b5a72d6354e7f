import type {MediaBus} from '../bus/media-bus.ts';
import {background, logOfCall, type Log} from '../observability/log.ts';
import type {Metrics} from '../observability/metrics.ts';
import {RefusalLog} from '../observability/refusal-log.ts';
import type {ProcessId} from '../protocol/ids.ts';
import {WorkerRequest, type WorkerReply} from '../protocol/worker-rpc.ts';
import {type FleetKey, NO_FLEET_KEY} from '../protocol/fleet-key.ts';
import {parse} from '../protocol/parse.ts';
import {PROTOCOL_VERSION} from '../protocol/protocol-version.ts';
import {workerInbox} from '../redis/keys.ts';
import type {Clock} from '../time.ts';
import {inAllPlaces, openPlaces} from './places.ts';

/** No question is longer, in bytes: the facts of a call are a few hundred. */
const LONGEST_ASK = 65_536;

/** Anybody who may publish could fill a disk otherwise. */
const MALFORMED = {first: 'malformed ask', summed: 'malformed asks'};

/**
 * Answers the questions to one worker until disposed. A question that is unreadable, or not of this fleet, is counted and
 * gets no answer. If `handle` fails, the answer is `unknown`, so that the asking process tries another worker at once.
 */
export async function openWorkerServer(options: {
  readonly bus: MediaBus;
  readonly worker: ProcessId;
  readonly handle: (ask: WorkerRequest) => Promise<Pick<WorkerReply, 'answer' | 'epoch' | 'settledMs' | 'digits'>>;
  readonly metrics: Pick<Metrics, 'malformedTotal'>;
  readonly log: Log;
  readonly clock: Clock;
  /** Checks questions, and signs answers; without it neither is done. */
  readonly key?: FleetKey | undefined;
}): Promise<AsyncDisposable> {
  const {bus, worker, handle, metrics, log, clock, key = NO_FLEET_KEY} = options;
  const refusals = new RefusalLog(clock, log, MALFORMED);
  const refuse = (reason: 'notJson' | 'unexpectedShape' | 'unsigned', detail: string) => {
    metrics.malformedTotal.inc({peer: 'asker', reason});
    refusals.refused(reason, detail);
  };
  const reply = async (ask: WorkerRequest) => {
    const said = await handle(ask).catch((thrown: unknown) => {
      logOfCall(log, ask.callSid).error({err: thrown, ask: ask.type}, 'could not do what was asked');
      return {answer: 'unknown', epoch: 0} as const;
    });
    const message: WorkerReply = {version: PROTOCOL_VERSION, ask: ask.ask, worker, ...said};
    await bus.publish(ask.replyTo, Buffer.from(key.seal(ask.replyTo, message)));
  };
  const inboxes = await openPlaces(
    bus,
    inAllPlaces(place => workerInbox(worker, place)),
    (inbox, message) => {
      if (message.length > LONGEST_ASK) return refuse('unexpectedShape', `${message.length} bytes`);
      const text = message.toString();
      const why = key.whyNotSealed(inbox, text);
      if (why !== undefined) return refuse('unsigned', why);
      const ask = parse(WorkerRequest, text);
      if (ask.ok) background(reply(ask.message), log, 'answering an ask');
      else refuse(ask.reason, ask.detail);
    },
  );
  return {
    async [Symbol.asyncDispose]() {
      refusals[Symbol.dispose]();
      await inboxes.close();
    },
  };
}
