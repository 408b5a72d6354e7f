import type {MediaBus, Unsubscribe} from '../bus/media-bus.ts';
import type {Log} from '../observability/log.ts';
import {RefusalLog} from '../observability/refusal-log.ts';
import type {ProcessId} from '../protocol/ids.ts';
import {WorkerReply, type WorkerRequest} from '../protocol/worker-rpc.ts';
import {type FleetKey, NO_FLEET_KEY} from '../protocol/fleet-key.ts';
import {parse} from '../protocol/parse.ts';
import {PROTOCOL_VERSION} from '../protocol/protocol-version.ts';
import {ANSWER_PLACES, answersTo, workerInbox} from '../redis/keys.ts';
import type {Cancel, Clock, Millis} from '../time.ts';

type Body<Message> = Message extends WorkerRequest ? Omit<Message, 'version' | 'ask' | 'replyTo'> : never;

/** A question; the client adds the fields that bring the answer back. */
export type Request = Body<WorkerRequest>;

/**
 * The result of a question. `noReceiver`: the worker does not listen. `noAnswer`: the question was delivered and no
 * answer came in time; what was asked for may still happen. `unreachable`: it could not be sent, because Redis is down.
 */
export type Outcome = WorkerReply | {readonly answer: 'noReceiver' | 'noAnswer' | 'unreachable'};

/** Whether a worker claimed a call in `epoch` and could not serve it. Another can claim it in the epoch of the reply. */
export function isGivenBack(reply: Outcome, epoch: number): reply is WorkerReply {
  return reply.answer === 'unknown' && reply.epoch > epoch;
}

/** Anybody who may publish could fill a disk otherwise. */
const NOT_TAKEN = {first: 'answer that is not taken', summed: 'answers that are not taken'};

export interface WorkerClient extends AsyncDisposable {
  /** Asks one worker. Never rejects, and never takes longer than `timeoutMs` (300 if not given). */
  ask(worker: ProcessId, request: Request, timeoutMs?: Millis): Promise<Outcome>;
}

/**
 * Opens the client. Rejects if it cannot subscribe to any answers. On a Cluster answers come by several shards: by one
 * that is well, and by the next one after a question without an answer.
 */
export async function openWorkerClient(options: {
  readonly bus: MediaBus;
  readonly clock: Clock;
  /** This process. */
  readonly id: ProcessId;
  readonly log: Log;
  /** Signs questions, and checks answers; without it neither is done. */
  readonly key?: FleetKey | undefined;
}): Promise<WorkerClient> {
  const {bus, clock, id, log, key = NO_FLEET_KEY} = options;
  const pending = new Map<string, (outcome: Outcome) => void>();
  const refusals = new RefusalLog(clock, log, NOT_TAKEN);
  let asked = 0;
  const hear = (replyTo: string) => (message: Buffer) => {
    const text = message.toString();
    const why = key.whyNotSealed(replyTo, text);
    if (why !== undefined) return refusals.refused('unsigned', why);
    const answer = parse(WorkerReply, text);
    // An answer without a pending question came after its time-out: another worker has been asked by then.
    if (answer.ok) pending.get(answer.message.ask)?.(answer.message);
    else refusals.refused(answer.reason, answer.detail);
  };
  /** Where answers are heard, and what ends that. */
  const open = new Map<string, Unsubscribe>();
  let isOver = false;
  const opening = Array.from({length: ANSWER_PLACES}, async (_, place) => {
    const replyTo = answersTo(id, place);
    const unsubscribe = await bus.subscribe(replyTo, hear(replyTo));
    if (isOver) await unsubscribe();
    else open.set(replyTo, unsubscribe);
  });
  // The others may be on a shard that is away.
  await Promise.any(opening).catch(({errors}: AggregateError) => Promise.reject(errors[0]));
  /** How many questions got no answer. */
  let unanswered = 0;
  const whereTo = (): string => {
    const all = [...open.keys()];
    const well = all.filter(replyTo => bus.wellSince(replyTo) !== undefined);
    const some = well.length > 0 ? well : all;
    return some[unanswered % some.length] ?? answersTo(id);
  };
  return {
    ask(worker, request, timeoutMs = 300) {
      const ask = String((asked += 1));
      const outcome = Promise.withResolvers<Outcome>();
      const cancel: Cancel = clock.after(timeoutMs, () => {
        unanswered += 1;
        outcome.resolve({answer: 'noAnswer'});
      });
      pending.set(ask, outcome.resolve);
      const inbox = workerInbox(worker);
      const replyTo = whereTo();
      const message = key.seal(inbox, {...request, version: PROTOCOL_VERSION, ask, replyTo});
      bus.publish(inbox, Buffer.from(message)).then(
        receivers => receivers === 0 && outcome.resolve({answer: 'noReceiver'}),
        () => outcome.resolve({answer: 'unreachable'}),
      );
      return outcome.promise.finally(() => {
        cancel();
        pending.delete(ask);
      });
    },
    async [Symbol.asyncDispose]() {
      for (const give of pending.values()) give({answer: 'unreachable'});
      refusals[Symbol.dispose]();
      isOver = true;
      await Promise.all([...open.values()].map(unsubscribe => unsubscribe()));
    },
  };
}
