import {createHash} from 'node:crypto';
import {identityOf} from '../caller-identity.ts';
import type {FleetKey} from '../protocol/fleet-key.ts';
import type {CallSid} from '../protocol/ids.ts';
import type {Limits} from './limits.ts';

/** Whose money a call spends. Both numbers are hashes; undefined for a number that is withheld. */
export interface Payer {
  readonly callSid: CallSid;
  readonly assistant: string;
  readonly caller: string | undefined;
  /** The number that was called. */
  readonly number: string | undefined;
}

/** The facts of a call that hold the hashes, from the webhook to its owners. */
const FACTS = {caller: 'spendCaller', number: 'spendNumber'} as const;

/** A hash as we make it: nothing else becomes a part of a key. */
const HASH = /^[\w-]{43}$/;

/**
 * Facts of a new call by which it is known who calls whom, without the numbers. Keyed with the fleet key (HMAC-SHA-256);
 * without one, who can read Redis can find the number by trying all.
 */
export function payerFacts(
  {caller, callee}: {readonly caller: string | undefined; readonly callee: string | undefined},
  key: FleetKey,
): Readonly<Record<string, string>> {
  return {...fact(FACTS.caller, caller, key), ...fact(FACTS.number, callee, key)};
}

export function payerOf(call: {
  readonly callSid: CallSid;
  readonly assistant: string;
  readonly facts: Readonly<Record<string, string>>;
}): Payer {
  const hash = (name: string) => (HASH.test(call.facts[name] ?? '') ? call.facts[name] : undefined);
  return {
    callSid: call.callSid,
    assistant: call.assistant,
    caller: hash(FACTS.caller),
    number: hash(FACTS.number),
  };
}

/**
 * Who withholds a number is not one caller, but one of many: all of them together have a limit of their own, so that
 * nobody gets round the limits by withholding it.
 */
export function limitsOf({caller, number}: Payer, limits: Limits): Limits {
  return {
    ...limits,
    ...(caller === undefined ? {caller: 0, 'calls-of-caller': 0} : {'calls-withheld': 0}),
    ...(number === undefined ? {'calls-of-number': 0} : {}),
  };
}

function fact(name: string, address: string | undefined, key: FleetKey): Record<string, string> {
  const text = identityOf(address)?.text;
  if (text === undefined) return {};
  return {[name]: key.sign('spend', text) ?? createHash('sha256').update(`spend ${text}`).digest('base64url')};
}
