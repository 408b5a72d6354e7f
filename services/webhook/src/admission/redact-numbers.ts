import type {Facts} from '@voicebridge/shared/call-directory/call-directory.ts';
import {hashOf, identityOf} from '@voicebridge/shared/caller-identity.ts';
import type {WebhookConfig} from '../config.ts';

/**
 * What a record may hold about the two parties of a call: `callerHash`, `callerLastTwo`, with NUMBERS=full
 * `callerNumber`, and the same for the callee. Nothing about a party that withholds its number.
 */
export function redactNumbers(
  numbers: {readonly caller: string | undefined; readonly callee: string | undefined},
  config: Pick<WebhookConfig, 'NUMBERS' | 'NUMBER_HASH_KEY'>,
): Facts {
  return {...factsOf('caller', numbers.caller, config), ...factsOf('callee', numbers.callee, config)};
}

function factsOf(
  party: 'caller' | 'callee',
  address: string | undefined,
  {NUMBERS, NUMBER_HASH_KEY}: Pick<WebhookConfig, 'NUMBERS' | 'NUMBER_HASH_KEY'>,
): Facts {
  const identity = identityOf(address);
  if (!identity) return {};
  const {kind, text} = identity;
  const facts: Record<string, string> = {};
  if (NUMBER_HASH_KEY) facts[`${party}Hash`] = hashOf(identity, NUMBER_HASH_KEY);
  // Two digits of a short number would be most of it.
  if (kind === 'number' && /\d{6}/.test(text)) facts[`${party}LastTwo`] = text.slice(-2);
  if (NUMBERS === 'full') facts[`${party}Number`] = text.slice(0, 64);
  return facts;
}
