import {FEW_FACTS, isWithin} from '../protocol/json-bounds.ts';

/** A text without its digits: no key, number, card or code stands in a capture. */
export function withoutDigits(text: string): string {
  return text.replaceAll(/\p{Nd}/gu, '0');
}

/** The same without letters: how long it was is all that is left. */
export function withoutWords(text: string): string {
  return withoutDigits(text).replaceAll(/\p{L}/gu, 'x');
}

/** JSON in a text, with every text and number in it masked, and its names as they are; any other text masked as a whole. */
export function maskedJson(json: string, mask: (text: string) => string): string {
  if (!isWithin(FEW_FACTS, json)) return mask(json);
  try {
    return JSON.stringify(maskedValue(JSON.parse(json), mask));
  } catch {
    const masked = mask(json);
    // Digits of other scripts are no JSON, and the zeros in their place are.
    return masked === json ? masked : maskedJson(masked, mask);
  }
}

function maskedValue(value: unknown, mask: (text: string) => string): unknown {
  if (typeof value === 'string') return mask(value);
  if (typeof value === 'number') return 0;
  if (Array.isArray(value)) return value.map(one => maskedValue(one, mask));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, maskedValue(one, mask)]));
}
