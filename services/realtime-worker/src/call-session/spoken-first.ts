import {disclosureOf} from '@voicebridge/assistant/disclosure.ts';
import type {Facts} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {Assistant} from '../assistant.ts';
import {protectedFor} from '../replies/disclosure.ts';

/**
 * An assistant on one call: with what it says first there, which nothing may interrupt. `facts`: of the call's directory
 * entry.
 */
export function onCall<Some extends Pick<Assistant, 'disclosure' | 'language' | 'floor'>>(
  assistant: Some,
  facts: Facts,
): Some {
  const {language, floor} = assistant;
  const text = disclosureOf(assistant.disclosure, {direction: facts['direction'] ?? 'inbound', language});
  if (text === undefined) return {...assistant, disclosure: false};
  const greetingProtectedMs = Math.max(floor.greetingProtectedMs, protectedFor(text));
  return {...assistant, disclosure: text, floor: {...floor, greetingProtectedMs}};
}
