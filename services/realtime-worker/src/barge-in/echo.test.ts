import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {Echo} from './echo.ts';
import type {FloorEffect} from './floor-events.ts';
import {rms} from '@voicebridge/shared/protocol/loudness.ts';
import {babble} from '../testing/call.ts';

const story = babble(1, 15_000);
const voice = babble(2, 15_000);
const say = (bytes: Buffer): FloorEffect => ({
  do: 'say',
  payload: bytes.toString('base64'),
  mark: 'm',
  itemId: 'i',
  responseId: 'r',
  itemFrom: 0,
  itemMs: bytes.length / 8,
});

/** The levels of the second before `at`, of audio whose first byte came at `from`, so many times as loud. */
function lately(audio: Buffer, from: number, at: number, times: number): Float64Array {
  return Float64Array.from({length: 50}, (_, index) => {
    const start = (at - from - 1_000 + index * 20) * 8;
    return start < 0 ? 0 : times * rms(audio.subarray(start, start + 160));
  });
}

/** What is heard of the caller, and a ledger of what was said so far. */
class Line {
  latestLevels: Float64Array = new Float64Array(50);
  readonly isSpeech = true;
  readonly sentMs = story.length / 8;
  readonly echo = new Echo(this, this);

  heard(): number {
    return 0;
  }

  isCaller(levels: Float64Array, at: number): boolean {
    this.latestLevels = levels;
    return this.echo.isCaller(at);
  }
}

/** An assistant that says a long story from 10,000 ms on, all of which came from the model at once. */
function telling(): Line {
  const line = new Line();
  line.echo.follow([say(story)], 10_000);
  return line;
}

describe('what comes from the caller while we speak', () => {
  test('is our own voice if it rises and falls as that did a little before, however faint it is', () => {
    for (const delay of [40, 130, 300, 550]) {
      const line = telling();
      for (let at = 11_500; at < 20_000; at += 100) {
        expect(line.isCaller(lately(story, 10_000 + delay, at, 0.03), at)).toBe(false);
      }
      expect(line.echo.wasAll).toBe(true);
    }
  });

  test('is the caller if it does not, whatever both say', () => {
    fc.assert(
      fc.property(fc.integer({min: 2, max: 1_000_000}), fc.integer({min: 11_500, max: 20_000}), (seed, from) => {
        const line = telling();
        const said = babble(seed, 1_500);
        const told = Array.from({length: 50}, (_, frame) => {
          const at = from + 500 + frame * 20;
          return line.isCaller(lately(said, from, at, 1), at);
        });
        // The first syllables may look alike by chance; nobody talks on like that.
        expect(told.slice(-25)).toContain(true);
        expect(line.echo.wasAll).toBe(false);
      }),
    );
  });

  test('is the caller who says the very same, as loud as we do', () => {
    expect(telling().isCaller(lately(story, 10_100, 13_000, 0.8), 13_000)).toBe(true);
  });

  test('is the caller while we say nothing, and after we fell silent', () => {
    expect(new Line().isCaller(lately(voice, 0, 2_000, 1), 2_000)).toBe(true);
    const line = telling();
    line.echo.follow([{do: 'clear'}], 12_000);
    expect(line.isCaller(lately(story, 10_050, 16_000, 0.1), 16_000)).toBe(true);
  });

  test('is the caller who speaks louder than the echo', () => {
    const line = telling();
    for (let at = 12_000; at < 14_000; at += 20) line.isCaller(lately(story, 10_050, at, 0.1), at);
    const at = 14_000;
    const both = lately(voice, 12_500, at, 1).map((level, index) =>
      Math.hypot(level, lately(story, 10_050, at, 0.1)[index] ?? 0),
    );
    expect(line.isCaller(both, at)).toBe(true);
    line.echo.follow([{do: 'clear'}], at);
    expect(line.echo.wasAll).toBe(false);
  });
});
