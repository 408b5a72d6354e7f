import {HOOKS_QUEUE, HOOKS_QUEUE_PREFIX, type HookJob} from '@voicebridge/shared/cdr/hooks-queue.ts';
import type {RedisClient} from '@voicebridge/shared/redis/connect.ts';
import {script} from '@voicebridge/shared/redis/scripts.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {Queue} from 'bullmq';
import {OutCall} from './calls-out/out-call.ts';
import type {OutCallStore, OutEvent} from './calls-out/out-call-store.ts';

const create = script('create-out-4.lua', ['known', 'created']);
const swap = script('swap-out-3.lua', ['lost', 'done']);
const turn = script('turn-1.lua', ['wait', 'taken']);

const DAY: Millis = 86_400_000;
/** A request with the same key is the same request for this long. */
const KEY_TTL: Millis = 2 * DAY;
/** Longer than any call may wait, and long enough to ask for the outcome afterwards. */
const CALL_TTL: Millis = 30 * DAY;
/** How many calls are listed at most. */
const LISTED = 10_000;
const BUSY = new Set<OutCall['state']>(['dialling', 'placed', 'ringing', 'answered']);

/** Keys of the queue's Redis, in the slot of BullMQ's: whoever may use the queue may use them. */
const key = {
  call: (id: string) => `{vb}:out:call:${id}`,
  wish: (hash: string) => `{vb}:out:wish:${hash}`,
  callSid: (callSid: string) => `{vb}:out:sid:${callSid}`,
  due: '{vb}:out:due',
  all: '{vb}:out:all',
  busy: '{vb}:out:busy',
  turn: '{vb}:out:turn',
  forbidden: '{vb}:out:forbidden',
} as const;

/** The calls that are to be made, in the queue's Redis. */
export class RedisOutCalls implements OutCallStore, AsyncDisposable {
  readonly #redis: RedisClient;
  readonly #hooks: Queue<HookJob>;

  constructor(redis: RedisClient) {
    this.#redis = redis;
    this.#hooks = new Queue<HookJob>(HOOKS_QUEUE, {
      connection: redis,
      prefix: HOOKS_QUEUE_PREFIX,
      skipVersionCheck: true,
      defaultJobOptions: {removeOnComplete: true, removeOnFail: true},
      streams: {events: {maxLen: 100}},
    });
    this.#hooks.on('error', () => {}); // every call of ours rejects by itself
  }

  async create(call: OutCall, wish: string): Promise<OutCall> {
    const keys = [key.wish(wish), key.call(call.id), key.due, key.all];
    const args = [call.id, JSON.stringify(call), call.dueAt ?? '', call.createdAt, KEY_TTL, CALL_TTL, LISTED];
    const {rest} = await create(this.#redis, keys, args);
    return (await this.read(String(rest[0]))) ?? call;
  }

  async read(id: string): Promise<OutCall | undefined> {
    const [version, text] = await this.#redis.hmget(key.call(id), 'version', 'call');
    if (!text) return undefined;
    const parsed: unknown = JSON.parse(text);
    const {data} = OutCall.safeParse(parsed);
    return data && {...data, version: Number(version)};
  }

  async swap(call: OutCall, version: number): Promise<boolean> {
    for (const {callSid} of call.attempts)
      if (callSid !== undefined) await this.#redis.set(key.callSid(callSid), call.id, 'PX', DAY);
    const args = [version, JSON.stringify(call), call.id, call.dueAt ?? '', BUSY.has(call.state) ? '1' : '0', CALL_TTL];
    const {reply} = await swap(this.#redis, [key.call(call.id), key.due, key.busy], args);
    return reply === 'done';
  }

  async due(wall: Millis, atMost: number): Promise<readonly string[]> {
    return await this.#redis.zrangebyscore(key.due, '-inf', wall, 'LIMIT', 0, atMost);
  }

  async newest(atMost: number): Promise<readonly OutCall[]> {
    const ids = await this.#redis.zrevrange(key.all, 0, atMost - 1);
    const calls = await Promise.all(ids.map(id => this.read(id)));
    return calls.flatMap(call => call ?? []);
  }

  async busy(): Promise<number> {
    return await this.#redis.scard(key.busy);
  }

  async reserve(wall: Millis, everyMs: Millis): Promise<Millis> {
    const {reply, rest} = await turn(this.#redis, [key.turn], [wall, everyMs]);
    return reply === 'taken' ? wall : Number(rest[0]);
  }

  async ownerOf(callSid: string): Promise<string | undefined> {
    return (await this.#redis.get(key.callSid(callSid))) ?? undefined;
  }

  async forbid(hash: string, isForbidden: boolean): Promise<void> {
    await (isForbidden ? this.#redis.sadd(key.forbidden, hash) : this.#redis.srem(key.forbidden, hash));
  }

  async isForbidden(hash: string): Promise<boolean> {
    return (await this.#redis.sismember(key.forbidden, hash)) === 1;
  }

  async tell({at, data, ...event}: OutEvent): Promise<void> {
    const body = JSON.stringify({type: event.type, timestamp: new Date(at).toISOString(), data});
    // The same job as the one that analytics makes if this one is lost.
    await this.#hooks.add('event', {event: {...event, body, target: null}}, {jobId: `d.${event.id}`});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#hooks.close();
  }
}
