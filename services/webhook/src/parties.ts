import {createHmac} from 'node:crypto';
import type {Facts} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {WebhookConfig} from './config.ts';

/** What Twilio sends instead of a number that is withheld: ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN, UNAVAILABLE. */
const WITHHELD = /^\+?1?(266696687|7378742833|2562533|8656696|86282452253)$/;

/**
 * What a record may know about the two ends of a call: `callerHash`, `callerLastTwo`, with NUMBERS=full `callerNumber`,
 * and the same for the callee. Nothing about a number that is withheld.
 */
export function factsOfParties(
  numbers: {readonly caller: string | undefined; readonly callee: string | undefined},
  config: Pick<WebhookConfig, 'NUMBERS' | 'NUMBER_HASH_KEY'>,
): Facts {
  return {...factsOf('caller', numbers.caller, config), ...factsOf('callee', numbers.callee, config)};
}

function factsOf(
  party: 'caller' | 'callee',
  number: string | undefined,
  {NUMBERS, NUMBER_HASH_KEY}: Pick<WebhookConfig, 'NUMBERS' | 'NUMBER_HASH_KEY'>,
): Facts {
  if (number === undefined || number === '' || WITHHELD.test(number)) return {};
  const facts: Record<string, string> = {};
  if (NUMBER_HASH_KEY) {
    facts[`${party}Hash`] = createHmac('sha256', NUMBER_HASH_KEY).update(number).digest('hex').slice(0, 32);
  }
  if (/^\+?\d{6,15}$/.test(number)) facts[`${party}LastTwo`] = number.slice(-2);
  if (NUMBERS === 'full') facts[`${party}Number`] = number.slice(0, 64);
  return facts;
}
