import {expect, test} from 'vitest';
import {OutageLog} from './outage-log.ts';
import {FakeClock} from '../testing/fake-clock.ts';

function outages() {
  const clock = new FakeClock();
  const lines: string[] = [];
  const log = new OutageLog(clock, 1_000, {
    away: thrown => lines.push(`away: ${String(thrown)}`),
    still: ({lastedMs, failures}) => lines.push(`still, after ${lastedMs} ms, ${failures} failures`),
    back: ({lastedMs, failures}) => lines.push(`back after ${lastedMs} ms, ${failures} failures`),
  });
  return {clock, lines, log};
}

test('an operator reads one line when something goes away and one when it is back', () => {
  const {clock, lines, log} = outages();
  log.worked();
  log.failed('refused');
  clock.advance(400);
  log.failed('refused');
  clock.advance(100);
  log.worked();
  clock.advance(999);
  expect(lines).toEqual(['away: refused']);
  clock.advance(1);
  expect(lines).toEqual(['away: refused', 'back after 500 ms, 2 failures']);
  clock.advance(10_000);
  expect(lines).toHaveLength(2);
});

test('an operator is reminded each minute of an outage that lasts', () => {
  const {clock, lines, log} = outages();
  for (let second = 0; second <= 150; second += 1) {
    log.failed('disk full');
    clock.advance(1_000);
  }
  expect(lines).toEqual([
    'away: disk full',
    'still, after 60000 ms, 61 failures',
    'still, after 120000 ms, 121 failures',
  ]);
});

test('an operator reads one outage for a minute of short failures, and another line for the next one', () => {
  const {clock, lines, log} = outages();
  for (let second = 0; second < 120; second += 1) {
    log.failed('disk full');
    clock.advance(250);
    log.worked();
    clock.advance(250);
  }
  clock.advance(1_000);
  expect(lines).toEqual(['away: disk full', 'back after 59750 ms, 120 failures']);
  log.failed('disk full');
  expect(lines).toHaveLength(3);
});
