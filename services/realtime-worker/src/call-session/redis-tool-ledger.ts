import type {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {parse} from '@voicebridge/shared/protocol/parse.ts';
import type {TextSeal} from '@voicebridge/shared/protocol/text-seal.ts';
import type {RedisClient} from '@voicebridge/shared/redis/connect.ts';
import {callTools, CALL_TOOLS_TTL_S} from '@voicebridge/shared/redis/keys.ts';
import {script} from '@voicebridge/shared/redis/scripts.ts';
import {z} from 'zod';
import {ToolOutcome} from '../events/tool-outcome.ts';
import type {ToolAttempt, ToolLedger, ToolState} from './tool-ledger.ts';

const first = script('first-1.lua', ['refused', 'done']);
const Attempt = z.object({attempt: z.string(), wall: z.number()});

const Sealed = z.object({sealed: z.string()});

/** How the results of a call's tools are sealed; `mayWrite`: whether all workers can read what is. */
export interface ToolSealing {
  readonly sealOf: (callSid: CallSid) => TextSeal;
  readonly mayWrite: () => boolean;
}

/**
 * The ledger in Redis: one hash for each call, with a field for each tool that has begun and one for each result. Results are
 * sealed, as in the journal. A result that cannot be opened counts as none.
 */
export class RedisToolLedger implements ToolLedger {
  readonly #redis: RedisClient;
  readonly #sealing: ToolSealing | undefined;

  constructor(redis: RedisClient, sealing?: ToolSealing) {
    this.#redis = redis;
    this.#sealing = sealing;
  }

  async begin(callSid: CallSid, callId: string, attempt: ToolAttempt): Promise<ToolState> {
    const [begun, result] = await this.#first(callSid, `begun:${callId}`, attempt, `result:${callId}`);
    const outcome = this.#outcome(callSid, result);
    if (outcome) return {state: 'finished', outcome};
    const counts = read(Attempt, begun) ?? attempt;
    return counts.attempt === attempt.attempt ? {state: 'begun'} : {state: 'running', sinceWall: counts.wall};
  }

  async result(callSid: CallSid, callId: string): Promise<ToolOutcome | undefined> {
    return this.#outcome(callSid, await this.#redis.hget(callTools(callSid), `result:${callId}`));
  }

  async finish(callSid: CallSid, callId: string, outcome: ToolOutcome): Promise<ToolOutcome> {
    const seal = this.#sealing?.mayWrite() ? this.#sealing.sealOf(callSid) : undefined;
    const sealed = seal?.seal(JSON.stringify(outcome));
    const value = sealed === undefined ? outcome : {sealed};
    const [counts] = await this.#first(callSid, `result:${callId}`, value, `begun:${callId}`);
    return this.#outcome(callSid, counts) ?? outcome;
  }

  async forget(callSid: CallSid): Promise<void> {
    await this.#redis.del(callTools(callSid));
  }

  #outcome(callSid: CallSid, text: unknown): ToolOutcome | undefined {
    const sealed = read(Sealed, text)?.sealed;
    return read(ToolOutcome, sealed === undefined ? text : this.#sealing?.sealOf(callSid).open(sealed));
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
