import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import {expect, test} from 'vitest';
import {CallerScript, type Heard} from './caller-script.ts';

/** A caller for some seconds. The reply begins 900 ms after each turn and takes 2.5 s unless it is spoken over. */
function listen(seconds: number, answers = true) {
  const script = new CallerScript(seededRandom(7), 0);
  let [spoke, interruptions, endedAt] = [false, 0, 0];
  let heard: Heard = {since: undefined, until: 0};
  for (let at = 0; at < seconds * 1_000; at += 20) {
    if (answers && !spoke && heard.since === undefined && script.turns > 0 && at >= endedAt + 900)
      heard = {since: at, until: at + 2_500};
    const speaks = script.speaks(at, heard);
    if (speaks && !spoke && heard.since !== undefined && at < heard.until) interruptions += 1;
    if (speaks) heard = {since: undefined, until: 0};
    if (spoke && !speaks) endedAt = at;
    spoke = speaks;
  }
  return {turns: script.turns, interruptions};
}

test('a caller takes about nine turns in half a minute, and interrupts about half of the replies', () => {
  const {turns, interruptions} = listen(300);
  expect(turns / 10).toBeGreaterThan(7);
  expect(turns / 10).toBeLessThan(11);
  expect(interruptions / turns).toBeGreaterThan(0.35);
  expect(interruptions / turns).toBeLessThan(0.65);
});

test('a caller who gets no answer asks again', () => {
  expect(listen(60, false)).toMatchObject({interruptions: 0});
  expect(listen(60, false).turns).toBeGreaterThan(9);
});
