import {msOfBase64, silence} from '@voicebridge/shared/protocol/audio.ts';
import {describe, expect, test} from 'vitest';
import {CallerAudio} from './caller-audio.ts';

const frame = Buffer.alloc(160, 0x55).toString('base64');
const lengths = (payloads: readonly string[]) => payloads.map(msOfBase64);

function listening(): CallerAudio {
  const audio = new CallerAudio();
  audio.sessionOpened();
  return audio;
}

describe('what the caller says', () => {
  test('reaches the model as it came', () => {
    const audio = listening();
    expect(audio.frame(100, frame, 0)).toEqual([frame]);
    expect(audio.frame(120, frame, 20)).toEqual([frame]);
    expect(audio.paddedMs).toBe(0);
  });

  test('before the session is configured is held, in order, and then given', () => {
    const audio = new CallerAudio();
    const other = Buffer.alloc(160, 0x66).toString('base64');
    expect(audio.frame(100, frame, 0)).toEqual([]);
    expect(audio.frame(120, other, 20)).toEqual([]);
    expect(audio.sessionOpened()).toEqual([frame, other]);
  });

  test('that no turn has settled is given to the next session too', () => {
    const audio = listening();
    for (let n = 0; n < 50; n += 1) audio.frame(n * 20, frame, n * 20);
    audio.sessionLost();
    audio.frame(1_000, frame, 1_000);
    expect(audio.sessionOpened()).toHaveLength(51);
  });

  test('is kept for no longer than a long sentence', () => {
    const audio = listening();
    for (let n = 0; n < 1_000; n += 1) audio.frame(n * 20, frame, n * 20);
    audio.sessionLost();
    expect(audio.sessionOpened()).toHaveLength(400);
  });
});

describe('a gap in Twilio’s clock', () => {
  test('is filled with silence of the same length', () => {
    const audio = listening();
    audio.frame(0, frame, 0);
    const [padding, rest] = audio.frame(520, frame, 520);
    expect(padding).toBe(silence(500));
    expect(rest).toBe(frame);
    expect(audio.paddedMs).toBe(500);
  });

  test('is filled with ten seconds at most', () => {
    const audio = listening();
    audio.frame(0, frame, 0);
    expect(lengths(audio.frame(60_000, frame, 60_000))).toEqual([10_000, 20]);
  });

  test('of a millisecond or two is no gap', () => {
    const audio = listening();
    audio.frame(0, frame, 0);
    expect(audio.frame(22, frame, 22)).toEqual([frame]);
    expect(audio.frame(40, frame, 40)).toEqual([frame]);
    expect(audio.paddedMs).toBe(0);
  });

  test('between two streams is none: each has its own clock', () => {
    const audio = listening();
    audio.frame(50_000, frame, 0);
    audio.newStream();
    expect(audio.frame(100, frame, 20)).toEqual([frame]);
  });
});

describe('a position that the model names', () => {
  test('is the moment at which that audio arrived here', () => {
    const audio = listening();
    for (let n = 0; n < 100; n += 1) audio.frame(n * 20, frame, 5_000 + n * 20);
    expect(audio.heard.arrivedAt(10)).toBe(5_000);
    expect(audio.heard.arrivedAt(1_000)).toBe(5_980);
    expect(audio.heard.arrivedAt(1_001)).toBe(6_000);
  });

  test('counts padding, and starts again with each session', () => {
    const audio = listening();
    audio.frame(0, frame, 0);
    audio.frame(520, frame, 600);
    expect(audio.heard.arrivedAt(300)).toBe(600);
    audio.settle();
    audio.sessionLost();
    audio.sessionOpened();
    audio.frame(8_920, frame, 9_000);
    expect(audio.heard.arrivedAt(100_000)).toBe(9_000);
  });

  test('before any audio is unknown', () => {
    expect(listening().heard.arrivedAt(0)).toBeUndefined();
  });
});
