import {CALL_TTL_S, spentByCall, spentToday, SPENT_TTL_S, callsInProgress} from '../redis/keys.ts';
import type {RedisClient} from '../redis/connect.ts';
import {script} from '../redis/scripts.ts';
import {LIMITS} from '../observability/metric-labels.ts';
import {nearOf, reachedOf, type Limits, type Spent} from './limits.ts';
import {limitsOf, type Payer} from './payer.ts';
import {type Admission, type Charge, dayOf, LEASE_MS, type SpendLedger} from './spend-ledger.ts';

const admit = script('admit-3.lua', ['refused', 'done']);
const charge = script('charge-4.lua', ['done']);

/**
 * The ledger in Redis. Its keys share one hash tag, so that one script sees the call, the caller and the day: a fleet
 * whose callers speak ten thousand turns a second would need more than one.
 */
export class RedisSpendLedger implements SpendLedger {
  readonly #redis: RedisClient;
  readonly #wall: () => number;

  /** `wall`: Unix milliseconds. */
  constructor(redis: RedisClient, wall: () => number) {
    this.#redis = redis;
    this.#wall = wall;
  }

  async admit(payer: Payer, limits: Limits): Promise<Admission> {
    const now = this.#wall();
    const of = limitsOf(payer, limits);
    const keys = [spentToday(dayOf(now)), ...liveKeys(payer)];
    const ofCallers = payer.caller === undefined ? of['calls-withheld'] : of['calls-of-caller'];
    const most = [of.caller, of.assistant, of.day, ofCallers, of['calls-of-number']];
    const {assistant, day, caller} = fieldsOf(payer);
    const args = [payer.callSid, now, LEASE_MS, caller, assistant, day, ...most];
    const {reply, rest} = await admit(this.#redis, keys, args);
    const [ofCaller = 0, ofAssistant = 0, ofDay = 0, callsOfCaller = 0, callsOfNumber = 0] = rest.map(Number);
    const used = {
      call: 0,
      caller: ofCaller,
      assistant: ofAssistant,
      day: ofDay,
      'calls-of-caller': callsOfCaller,
      'calls-withheld': callsOfCaller,
      'calls-of-number': callsOfNumber,
    };
    const limit = reply === 'refused' ? reachedOf(LIMITS, used, of) : undefined;
    return limit === undefined ? {admitted: true, near: nearOf(LIMITS, used, of)} : {admitted: false, limit};
  }

  async charge(payer: Payer, {owner, micros, isOver}: Charge): Promise<Spent> {
    const now = this.#wall();
    const {callSid} = payer;
    const keys = [spentByCall(callSid), spentToday(dayOf(now)), ...liveKeys(payer)];
    const {assistant, day, caller} = fieldsOf(payer);
    const args = [callSid, now, isOver ? 0 : LEASE_MS, owner, micros, CALL_TTL_S, SPENT_TTL_S, assistant, day, caller];
    const {rest} = await charge(this.#redis, keys, args);
    const [ofCall = 0, ofCaller = 0, ofAssistant = 0, ofDay = 0] = rest.map(Number);
    return {call: ofCall, caller: ofCaller, assistant: ofAssistant, day: ofDay};
  }
}

function liveKeys({caller, number}: Payer): string[] {
  return [callsInProgress('from', caller), callsInProgress('to', number)];
}

function fieldsOf({assistant, caller}: Payer) {
  return {assistant: `assistant:${assistant}`, day: 'all', caller: caller === undefined ? '' : `caller:${caller}`};
}
