import {expect, test} from 'vitest';
import {FakeClock} from '../testing/fake-clock.ts';
import {createLog} from './log.ts';
import {RefusalLog} from './refusal-log.ts';

function refusals() {
  const clock = new FakeClock();
  const lines: Record<string, unknown>[] = [];
  const log = createLog('test', {to: {write: line => void lines.push(JSON.parse(line))}});
  return {clock, lines, refusals: new RefusalLog(clock, log)};
}

test('an operator reads the first refusal at once, with what may be wrong', () => {
  const {lines, refusals: log} = refusals();
  log.refused('signature', 'is the token wrong?');
  expect(lines).toMatchObject([{msg: 'stranger refused', reason: 'signature', hint: 'is the token wrong?'}]);
});

test('an operator reads one line for all strangers of ten seconds, and no line when there were none', () => {
  const {clock, lines, refusals: log} = refusals();
  for (let n = 0; n < 3_501; n += 1) log.refused('signature');
  for (let n = 0; n < 12; n += 1) log.refused('ticket');
  expect(lines).toHaveLength(1);
  clock.advance(10_000);
  expect(lines[1]).toMatchObject({msg: 'strangers refused', refused: 3_512, reasons: {signature: 3_500, ticket: 12}});
  clock.advance(60_000);
  expect(lines).toHaveLength(2);
  expect(clock.waiting).toBe(0);
  log.refused('path');
  expect(lines[2]).toMatchObject({msg: 'stranger refused', reason: 'path'});
});

test('an hour of strangers is 361 lines', () => {
  const {clock, lines, refusals: log} = refusals();
  for (let second = 0; second < 3_600; second += 1) {
    log.refused('signature');
    clock.advance(1_000);
  }
  expect(lines.length).toBeLessThanOrEqual(361);
});
