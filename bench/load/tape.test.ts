import {expect, test, vi} from 'vitest';
import {Tape} from './tape.ts';

function tapeFrom(from: number, until: number): Tape {
  const tape = new Tape();
  const clock = vi.spyOn(performance, 'now');
  clock.mockReturnValueOnce(from).mockReturnValueOnce(until);
  tape.start();
  tape.stop();
  clock.mockRestore();
  return tape;
}

test('a frame counts if it left while the tape ran; those that never arrive are lost', () => {
  const tape = tapeFrom(100, 200);
  const call = tape.newCall();
  call.push(90, 110, 130, 150, 210);
  tape.arrived(call, 0, 95);
  tape.arrived(call, 1, 113);
  tape.arrived(call, 3, 220);
  expect(tape.up).toEqual([3, 70]);
  expect(tape.lost).toBe(1);
});

test('a frame that arrives again is counted as twice, and its time once', () => {
  const tape = tapeFrom(100, 200);
  const call = tape.newCall();
  call.push(110);
  tape.arrived(call, 0, 112);
  tape.arrived(call, 0, 119);
  expect(tape).toMatchObject({up: [2], twice: 1, lost: 0});
});
