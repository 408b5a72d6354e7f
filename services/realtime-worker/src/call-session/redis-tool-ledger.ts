import type {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {parse} from '@voicebridge/shared/protocol/parse.ts';
import type {RedisClient} from '@voicebridge/shared/redis/connect.ts';
import {callTools, CALL_TOOLS_TTL_S} from '@voicebridge/shared/redis/keys.ts';
import {script} from '@voicebridge/shared/redis/scripts.ts';
import {z} from 'zod';
import {ToolOutcome} from '../events/tool-outcome.ts';
import type {ToolAttempt, ToolLedger, ToolState} from './tool-ledger.ts';

const first = script('first-1.lua', ['refused', 'done']);
const Attempt = z.object({attempt: z.string(), wall: z.number()});

/** The ledger in Redis: one hash for each call, with a field for each tool that has begun and one for each result. */
export class RedisToolLedger implements ToolLedger {
  readonly #redis: RedisClient;

  constructor(redis: RedisClient) {
    this.#redis = redis;
  }

  async begin(callSid: CallSid, callId: string, attempt: ToolAttempt): Promise<ToolState> {
    const [begun, result] = await this.#first(callSid, `begun:${callId}`, attempt, `result:${callId}`);
    const outcome = read(ToolOutcome, result);
    if (outcome) return {state: 'finished', outcome};
    const counts = read(Attempt, begun) ?? attempt;
    return counts.attempt === attempt.attempt ? {state: 'begun'} : {state: 'running', sinceWall: counts.wall};
  }

  async result(callSid: CallSid, callId: string): Promise<ToolOutcome | undefined> {
    return read(ToolOutcome, await this.#redis.hget(callTools(callSid), `result:${callId}`));
  }

  async finish(callSid: CallSid, callId: string, outcome: ToolOutcome): Promise<ToolOutcome> {
    const [counts] = await this.#first(callSid, `result:${callId}`, outcome, `begun:${callId}`);
    return read(ToolOutcome, counts) ?? outcome;
  }

  async forget(callSid: CallSid): Promise<void> {
    await this.#redis.del(callTools(callSid));
  }

  async #first(callSid: CallSid, field: string, value: object, other: string): Promise<readonly unknown[]> {
    const args = [field, JSON.stringify(value), other, CALL_TOOLS_TTL_S];
    return (await first(this.#redis, [callTools(callSid)], args)).rest;
  }
}

function read<Value>(schema: z.ZodType<Value>, text: unknown): Value | undefined {
  const parsed = typeof text === 'string' && text !== '' ? parse(schema, text) : undefined;
  return parsed?.ok ? parsed.message : undefined;
}
