import type {MediaBus} from '../bus/media-bus.ts';
import {background, logOfCall, type Log} from '../observability/log.ts';
import type {Metrics} from '../observability/metrics.ts';
import type {ProcessId} from '../protocol/ids.ts';
import {WorkerRequest, type WorkerReply} from '../protocol/worker-rpc.ts';
import {parse} from '../protocol/parse.ts';
import {PROTOCOL_VERSION} from '../protocol/protocol-version.ts';
import {workerInbox} from '../redis/keys.ts';

/**
 * Answers the questions to one worker until disposed. An unreadable question is counted and gets no answer. If `handle`
 * fails, the answer is `unknown`, so that the asking process tries another worker at once.
 */
export async function openWorkerServer(options: {
  readonly bus: MediaBus;
  readonly worker: ProcessId;
  readonly handle: (ask: WorkerRequest) => Promise<Pick<WorkerReply, 'answer' | 'epoch' | 'settledMs'>>;
  readonly metrics: Pick<Metrics, 'malformedTotal'>;
  readonly log: Log;
}): Promise<AsyncDisposable> {
  const {bus, worker, handle, metrics, log} = options;
  const reply = async (ask: WorkerRequest) => {
    const said = await handle(ask).catch((thrown: unknown) => {
      logOfCall(log, ask.callSid).error({err: thrown, ask: ask.type}, 'could not do what was asked');
      return {answer: 'unknown', epoch: 0} as const;
    });
    const message: WorkerReply = {version: PROTOCOL_VERSION, ask: ask.ask, worker, ...said};
    await bus.publish(ask.replyTo, Buffer.from(JSON.stringify(message)));
  };
  const unsubscribe = await bus.subscribe(workerInbox(worker), message => {
    const ask = parse(WorkerRequest, message.toString());
    if (ask.ok) return background(reply(ask.message), log, 'answering an ask');
    metrics.malformedTotal.inc({peer: 'asker', reason: ask.reason});
    log.warn({reason: ask.reason, detail: ask.detail}, 'malformed ask');
  });
  return {[Symbol.asyncDispose]: unsubscribe};
}
