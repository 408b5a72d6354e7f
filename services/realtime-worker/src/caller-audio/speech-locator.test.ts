import {silence} from '@voicebridge/shared/protocol/audio.ts';
import {describe, expect, test} from 'vitest';
import {KeptAudio} from './kept-audio.ts';
import {SpeechLocator} from './speech-locator.ts';

const quiet = silence(20);
/** A square wave: louder with a larger exponent, as μ-law has it. */
const tone = (byte: number) =>
  Buffer.from(Array.from({length: 160}, (_, at) => (at % 16 < 8 ? byte : byte | 0x80))).toString('base64');
const voice = tone(0x30);
const hum = tone(0x6f);

/** Frames 20 ms apart, each arriving 5 ms after Twilio's clock, unless it is said how late. */
function heard(frames: readonly string[], late: (index: number) => number = () => 5): SpeechLocator {
  const all = new SpeechLocator(new KeptAudio());
  frames.forEach((payload, index) => {
    // The model says so a little later, and half a second after the end.
    if (payload === voice && index > 0 && frames[index - 5] === voice) all.speaking = true;
    if (payload !== voice && frames[index - 25] !== voice) all.speaking = false;
    all.add({ms: 20, payload, at: index * 20 + late(index), timestamp: index * 20, stream: 1});
  });
  return all;
}
const line = (before: number, said: number, after: number, between = quiet) => [
  ...Array.from({length: before}, () => between),
  ...Array.from({length: said}, () => voice),
  ...Array.from({length: after}, () => between),
];

describe('SpeechLocator, beginning and end of speech', () => {
  const speech = heard(line(50, 30, 40));

  test('speech is located to the frame although the model reports it only to a window', () => {
    for (const off of [-40, -12, 0, 20, 44]) {
      expect(speech.onsetAt(1_000 + off)).toBe(1_005);
      expect(speech.endedAt(1_600 + off)).toBe(1_585);
    }
  });

  test('speech is located to the frame in audio that waited at an edge and came in pieces of a second', () => {
    const all = new SpeechLocator(new KeptAudio());
    const frames = line(50, 30, 40);
    for (let first = 0; first < 100; first += 50) {
      const piece = frames.slice(first, first + 50).map(payload => Buffer.from(payload, 'base64'));
      all.add({
        ms: 1_000,
        payload: Buffer.concat(piece).toString('base64'),
        at: 2_002,
        timestamp: first * 20,
        stream: 1,
      });
    }
    for (let index = 100; index < 120; index += 1) {
      all.add({ms: 20, payload: quiet, at: index * 20 + 5, timestamp: index * 20, stream: 1});
    }
    expect([all.onsetAt(1_012), all.endedAt(1_588)]).toEqual([1_005, 1_585]);
  });

  test('the model’s report counts where no frame is loud', () => {
    expect(speech.onsetAt(400)).toBe(speech.arrivedAt(400));
    expect(speech.endedAt(2_200)).toBe(speech.arrivedAt(2_200));
    expect(new SpeechLocator(new KeptAudio()).onsetAt(0)).toBeUndefined();
  });

  test('the model’s report counts where speech goes on before and after it', () => {
    expect(speech.onsetAt(1_300)).toBe(speech.arrivedAt(1_300));
    expect(speech.endedAt(1_300)).toBe(speech.arrivedAt(1_300));
  });

  test('speech is located to the frame on a line that hums', () => {
    const humming = heard(line(50, 30, 40, hum));
    expect(humming.onsetAt(1_010)).toBe(1_005);
    expect(humming.endedAt(1_590)).toBe(1_585);
  });

  test('the model’s report counts on a line that is as loud as a voice', () => {
    const loud = heard(line(50, 30, 40, voice));
    expect(loud.onsetAt(1_010)).toBe(loud.arrivedAt(1_010));
    expect(loud.endedAt(1_610)).toBe(loud.arrivedAt(1_610));
  });
});

test('frames that an edge sent again count from when they would have arrived', () => {
  // We came when frame 60 was due, and got all frames before it at once.
  const again = heard(line(50, 30, 40), index => (index < 60 ? (60 - index) * 20 + 5 : 5));
  expect(again.onsetAt(1_000)).toBe(1_005);
  expect(again.endedAt(1_600)).toBe(1_585);
});

test('a delayed frame counts from when it would have arrived with the usual delay', () => {
  const jittery = heard(line(50, 30, 40), index => (index === 79 ? 70 : index === 50 ? 2 : 5));
  expect(jittery.onsetAt(1_000)).toBe(1_005);
  expect(jittery.endedAt(1_600)).toBe(1_585);
});

test('speech is located correctly in a long call although Twilio’s clock drifts', () => {
  const all = new SpeechLocator(new KeptAudio());
  for (let index = 0; index < 6_000; index += 1) {
    const payload = index >= 5_950 ? voice : quiet;
    all.add({ms: 20, payload, at: index * 20 + 5, timestamp: index * 20 - Math.floor(index / 40), stream: 1});
  }
  expect(Math.abs((all.onsetAt(5_950 * 20 + 12) ?? 0) - (5_950 * 20 + 5))).toBeLessThan(3);
});

test('frames of two streams are compared by their own clocks', () => {
  const all = new SpeechLocator(new KeptAudio());
  all.add({ms: 20, payload: quiet, at: 5_000, timestamp: 9_000, stream: 1});
  all.add({ms: 20, payload: quiet, at: 5_300, timestamp: 100, stream: 2});
  expect(all.arrivedAt(10)).toBe(5_000);
  expect(all.arrivedAt(30)).toBe(5_300);
});

test('added silence counts in the model’s positions and has the moment at which it was added', () => {
  const all = new SpeechLocator(new KeptAudio());
  all.add({ms: 500, payload: silence(500), at: 700, timestamp: undefined, stream: 1});
  expect(all.arrivedAt(250)).toBe(700);
});

test('the last loud frame shows when the caller stopped speaking over the assistant', () => {
  expect(heard(line(50, 30, 10)).loudUntil(1_000)).toBe(1_585);
  expect(heard(line(50, 30, 10)).loudUntil(1_700)).toBeUndefined();
});
