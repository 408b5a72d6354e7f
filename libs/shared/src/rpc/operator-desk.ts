import {z} from 'zod';
import {CallFinished} from '../cdr/call-record.ts';
import {type FleetKey, NO_FLEET_KEY} from '../protocol/fleet-key.ts';
import type {CallSid, ProcessId} from '../protocol/ids.ts';
import {CallsOfWorker, OperatorAsk, type ToldCall} from '../protocol/operator-desk.ts';
import {parse} from '../protocol/parse.ts';
import type {RedisClient} from '../redis/connect.ts';
import {operatorAsks, operatorCall, operatorCalls, OPERATOR_TTL_MS} from '../redis/keys.ts';

/** So many are taken at once; a worker looks again a second later. */
const ASKS_AT_ONCE = 100;
const Parts = z.array(CallFinished).min(1);

/** The side of operators: what analytics asks workers for. Each method rejects while Redis is unavailable. */
export interface OperatorSide {
  ask(worker: ProcessId, ask: OperatorAsk): Promise<void>;
  /** The calls of a worker; undefined: it has not told them of late. */
  callsOf(worker: ProcessId): Promise<readonly ToldCall[] | undefined>;
  /** The record of a call as if it ended now; undefined: its worker has not told it of late. */
  recordOf(worker: ProcessId, callSid: CallSid): Promise<readonly CallFinished[] | undefined>;
}

/** The side of a worker. Each method rejects while Redis is unavailable. */
export interface WorkerSide {
  /** What it was asked for since the last look, in order. */
  taken(worker: ProcessId): Promise<readonly OperatorAsk[]>;
  tell(worker: ProcessId, calls: readonly ToldCall[]): Promise<void>;
  tellRecord(worker: ProcessId, callSid: CallSid, parts: readonly CallFinished[]): Promise<void>;
}

/**
 * Where operators and workers meet: keys in Redis with a lifetime of seconds. The user of analytics may write these keys
 * and no others about calls, so that its password takes and moves no call. What is asked is signed with the key of the
 * fleet; what was said in a call is sealed with it.
 */
export class OperatorDesk implements OperatorSide, WorkerSide {
  readonly #redis: RedisClient;
  readonly #key: FleetKey;

  constructor(redis: RedisClient, key: FleetKey = NO_FLEET_KEY) {
    this.#redis = redis;
    this.#key = key;
  }

  async ask(worker: ProcessId, ask: OperatorAsk): Promise<void> {
    const place = operatorAsks(worker);
    await this.#redis.rpush(place, this.#key.seal(place, ask));
    await this.#redis.pexpire(place, OPERATOR_TTL_MS);
  }

  async callsOf(worker: ProcessId): Promise<readonly ToldCall[] | undefined> {
    const place = operatorCalls(worker);
    const text = await this.#redis.get(place);
    if (text === null || this.#key.whyNotSealed(place, text) !== undefined) return undefined;
    const told = parse(CallsOfWorker, text);
    return told.ok ? told.message.calls : undefined;
  }

  async recordOf(worker: ProcessId, callSid: CallSid): Promise<readonly CallFinished[] | undefined> {
    const place = operatorCall(worker, callSid);
    const text = await this.#redis.get(place);
    if (text === null) return undefined;
    const opened = this.#key.isRequired ? this.#key.textSeal(place).open(text) : text;
    const told = opened === undefined ? undefined : parse(Parts, opened);
    return told?.ok === true ? told.message : undefined;
  }

  async taken(worker: ProcessId): Promise<readonly OperatorAsk[]> {
    const place = operatorAsks(worker);
    const texts = (await this.#redis.lpop(place, ASKS_AT_ONCE)) ?? [];
    return texts.flatMap(text => {
      if (this.#key.whyNotSealed(place, text) !== undefined) return [];
      const ask = parse(OperatorAsk, text);
      return ask.ok ? [ask.message] : [];
    });
  }

  async tell(worker: ProcessId, calls: readonly ToldCall[]): Promise<void> {
    const place = operatorCalls(worker);
    const told: CallsOfWorker = {worker, calls: [...calls]};
    await this.#redis.set(place, this.#key.seal(place, told), 'PX', OPERATOR_TTL_MS);
  }

  async tellRecord(worker: ProcessId, callSid: CallSid, parts: readonly CallFinished[]): Promise<void> {
    const place = operatorCall(worker, callSid);
    const text = JSON.stringify(parts);
    await this.#redis.set(place, this.#key.textSeal(place).seal(text) ?? text, 'PX', OPERATOR_TTL_MS);
  }
}
