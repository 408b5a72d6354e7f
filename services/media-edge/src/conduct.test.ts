import {expect, test} from 'vitest';
import {Conduct} from './conduct.ts';

test('a caller whose network stalled for ten seconds is no flood', () => {
  const conduct = new Conduct(0);
  for (let at = 0; at < 60_000; at += 20) expect(conduct.paced(at)).toBe(true);
  for (let frames = 0; frames < 500; frames += 1) expect(conduct.paced(70_000)).toBe(true);
});

test('three times the usual pace is borne for ever, more is not', () => {
  const usual = new Conduct(0);
  for (let message = 0; message < 10_000; message += 1) expect(usual.paced(message * 7)).toBe(true);
  const flood = new Conduct(0);
  const borne = Array.from({length: 10_000}, (_, message) => flood.paced(message)).indexOf(false);
  expect(borne).toBeGreaterThan(1_500);
  expect(borne).toBeLessThan(2_000);
});

test('twenty messages that nobody can use are borne', () => {
  const conduct = new Conduct(0);
  const borne = Array.from({length: 25}, () => conduct.tolerated());
  expect(borne.lastIndexOf(true)).toBe(19);
  expect(conduct.malformed).toBe(25);
});
