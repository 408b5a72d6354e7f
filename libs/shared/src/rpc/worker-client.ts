import type {MediaBus} from '../bus/media-bus.ts';
import type {Log} from '../observability/log.ts';
import {RefusalLog} from '../observability/refusal-log.ts';
import type {ProcessId} from '../protocol/ids.ts';
import {WorkerReply, type WorkerRequest} from '../protocol/worker-rpc.ts';
import {type FleetKey, NO_FLEET_KEY} from '../protocol/fleet-key.ts';
import {parse} from '../protocol/parse.ts';
import {PROTOCOL_VERSION} from '../protocol/protocol-version.ts';
import {answersTo} from '../redis/keys.ts';
import type {Cancel, Clock, Millis} from '../time.ts';
import {inAllPlaces, inboxesOf, openPlaces} from './places.ts';

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
  const replies = await openPlaces(
    bus,
    inAllPlaces(place => answersTo(id, place)),
    (replyTo, message) => {
      const text = message.toString();
      const why = key.whyNotSealed(replyTo, text);
      if (why !== undefined) return refusals.refused('unsigned', why);
      const answer = parse(WorkerReply, text);
      // An answer without a pending question came after its time-out: another worker has been asked by then.
      if (answer.ok) pending.get(answer.message.ask)?.(answer.message);
      else refusals.refused(answer.reason, answer.detail);
    },
  );
  /** How many questions got no answer. */
  let unanswered = 0;
  const whereTo = (): string => {
    const all = [...replies.channels];
    const well = all.filter(replyTo => bus.wellSince(replyTo) !== undefined);
    const some = well.length > 0 ? well : all;
    return some[unanswered % some.length] ?? answersTo(id);
  };
  /** False: nobody listens to any inbox of the worker. */
  const deliver = async (worker: ProcessId, body: object): Promise<boolean> => {
    for (const inbox of inboxesOf(worker, bus).inboxes)
      if ((await bus.publish(inbox, Buffer.from(key.seal(inbox, body)))) > 0) return true;
    return false;
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
      const body = {...request, version: PROTOCOL_VERSION, ask, replyTo: whereTo()};
      deliver(worker, body).then(
        isDelivered => isDelivered || outcome.resolve({answer: 'noReceiver'}),
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
      await replies.close();
    },
  };
}
