import {expect, test} from 'vitest';
import {maskedJson, withoutDigits, withoutWords} from './mask.ts';

test('what was masked stays as it is, also where the digits of another script become those of JSON', () => {
  for (const text of ['-١', '[ ٢ ]', '{"a": 7, "b": "Bern"}', 'call +47', '['.repeat(2_000)]) {
    const masked = maskedJson(text, withoutWords);
    expect(maskedJson(masked, withoutWords), text).toBe(masked);
    expect(withoutDigits(masked), text).toBe(masked);
  }
});
