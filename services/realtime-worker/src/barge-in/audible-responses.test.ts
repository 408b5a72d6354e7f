import {expect, test} from 'vitest';
import {AudibleResponses} from './audible-responses.ts';

test('a call of any length remembers the length of the latest items only', () => {
  const responses = new AudibleResponses();
  for (let reply = 0; reply < 500; reply += 1) {
    responses.started(`r${reply}`);
    responses.received(`r${reply}`, `i${reply}`, 1_000);
    responses.ended(`r${reply}`);
  }
  expect(responses.receivedMs('i499')).toBe(1_000);
  expect(responses.receivedMs('i450')).toBe(1_000);
  expect(responses.receivedMs('i0')).toBe(0);
});

test('a long item that began before many short ones is still known while audio of it arrives', () => {
  const responses = new AudibleResponses();
  responses.started('long');
  for (let delta = 0; delta < 200; delta += 1) {
    responses.received('long', 'i-long', 20);
    responses.received('long', `i${delta}`, 20);
  }
  expect(responses.receivedMs('i-long')).toBe(4_000);
});
