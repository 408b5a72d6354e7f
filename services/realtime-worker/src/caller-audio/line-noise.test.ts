import {describe, expect, test} from 'vitest';
import {LineNoise} from './line-noise.ts';

/** Adds the levels of frames, 50 a second, in which the model reports no speech. */
function after(line: LineNoise, seconds: number, level: (frame: number) => number, speaking = false): LineNoise {
  for (let frame = 0; frame < seconds * 50; frame += 1) line.add(level(frame), speaking);
  return line;
}
const hum = () => 300;
/** Voices in the background: between a tenth and all of this. */
const babble = (frame: number) => 300 * (0.1 + 0.9 * Math.abs(Math.sin(frame / 3)));
const speech = (frame: number) => (frame % 25 < 5 ? 0 : 1_500);

describe('LineNoise, the speech threshold', () => {
  test('on a line of digital silence the speech threshold is above hiss', () => {
    expect(after(new LineNoise(), 5, () => 0).speechThreshold).toBe(40);
  });

  test('on a noisy line the speech threshold is known one second after the call begins', () => {
    expect(after(new LineNoise(), 1, hum).speechThreshold).toBeGreaterThan(500);
    expect(after(new LineNoise(), 1, babble).speechThreshold).toBeGreaterThan(300);
  });

  test('the speech threshold follows a line that becomes louder or quieter within three seconds', () => {
    const line = after(
      after(new LineNoise(), 5, () => 10),
      3,
      hum,
    );
    expect(line.speechThreshold).toBeGreaterThan(500);
    expect(after(line, 3.5, () => 10).speechThreshold).toBe(40);
  });

  test('the speech threshold is not learned from the caller’s own speech', () => {
    const first = after(new LineNoise(), 0.4, () => 1_500);
    expect(first.speechThreshold).toBe(40);
    expect(after(first, 20, speech, true).speechThreshold).toBe(40);
    expect(after(first, 5, () => 0).speechThreshold).toBe(40);
  });

  test('the speech threshold is learned even if the model reports the noise as speech', () => {
    expect(after(new LineNoise(), 4, hum, true).speechThreshold).toBeGreaterThan(500);
  });

  test('the speech threshold is above four in five frames of a changing background', () => {
    const {speechThreshold} = after(new LineNoise(), 4, babble);
    const levels = Array.from({length: 150}, (_, frame) => babble(frame));
    expect(levels.filter(level => level > speechThreshold)).toEqual([]);
  });
});
