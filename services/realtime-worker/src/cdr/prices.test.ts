import {Tokens} from '@voicebridge/shared/cdr/call-record.ts';
import {describe, expect, test} from 'vitest';
import {costOf} from './prices.ts';

const call = (tokens: Partial<Tokens>) =>
  Tokens.parse({inputText: 0, inputAudio: 0, inputCached: 0, outputText: 0, outputAudio: 0, ...tokens});

describe('costOf', () => {
  // By hand, in dollars per million tokens of gpt-realtime-2.1: text 4, cached 0.4, out 24; audio 32, cached 0.4, out 64.
  test('cached text and cached audio are priced separately', () => {
    const tokens = call({
      inputText: 10_000,
      inputAudio: 6_000,
      inputCached: 11_000,
      inputCachedText: 8_000,
      inputCachedAudio: 3_000,
      outputText: 500,
      outputAudio: 2_000,
    });
    // text 2,000 x 4 + 8,000 x 0.4 + 500 x 24 = 23,200; audio 3,000 x 32 + 3,000 x 0.4 + 2,000 x 64 = 225,200
    expect(costOf('gpt-realtime-2.1', tokens)).toBeCloseTo(0.2484, 9);
    // text 2,000 x 0.6 + 8,000 x 0.06 + 500 x 2.4 = 2,880; audio 3,000 x 10 + 3,000 x 0.3 + 2,000 x 20 = 70,900
    expect(costOf('gpt-realtime-2.1-mini', tokens)).toBeCloseTo(0.07378, 9);
  });

  test('cached tokens of unknown kind count as text first, because instructions come first', () => {
    const tokens = call({inputText: 1_000, inputAudio: 6_000, inputCached: 3_000});
    // text 1,000 x 0.4; audio 4,000 x 32 + 2,000 x 0.4
    expect(costOf('gpt-realtime-2.1', tokens)).toBeCloseTo(0.1292, 9);
  });

  test('cached tokens are priced correctly if only some responses reported their kind', () => {
    const tokens = call({
      inputText: 2_000,
      inputAudio: 6_000,
      inputCached: 4_000,
      inputCachedText: 500,
      inputCachedAudio: 1_500,
    });
    // 2,000 of unknown kind: 1,500 are the rest of the text, 500 are audio. 2,000 x 0.4; 4,000 x 32 + 2,000 x 0.4
    expect(costOf('gpt-realtime-2.1', tokens)).toBeCloseTo(0.1296, 9);
  });

  test('the cost is never negative, and null for a model without a price', () => {
    const tokens = call({inputText: 1, inputAudio: 1, inputCached: 9_000, inputCachedText: 9_000});
    expect(costOf('gpt-realtime-2.1', tokens)).toBeCloseTo(0.000_000_8, 12);
    expect(costOf('unknown-model', tokens)).toBeNull();
  });
});
