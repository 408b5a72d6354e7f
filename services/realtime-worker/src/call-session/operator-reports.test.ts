import {createLog} from '@voicebridge/shared/observability/log.ts';
import {createMetrics} from '@voicebridge/shared/observability/metrics.ts';
import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import {expect, test} from 'vitest';
import {type OperatorReport, OperatorReports} from './operator-reports.ts';

const WORDS = 'I cannot say: my card is 4111 1111 1111 1111';

function reports(logModelDetails = false) {
  const lines: Record<string, unknown>[] = [];
  const clock = new FakeClock();
  const log = createLog('test', {to: {write: line => void lines.push(JSON.parse(line))}});
  const deps = {clock, metrics: createMetrics('test'), showTimingMath: false, logModelDetails};
  return {clock, lines, of: new OperatorReports(deps, log)};
}

function lineOf(effect: OperatorReport, logModelDetails: boolean): Record<string, unknown> {
  const {lines, of} = reports(logModelDetails);
  of.report(effect);
  return lines[0] ?? {};
}

test.each<OperatorReport>([
  {do: 'warn', what: 'the model session is lost', code: 'closed', note: 'close code 1011', detail: WORDS},
  {do: 'missed', cause: 'failed', step: 'ask-again', note: 'server_error', detail: WORDS},
])('an operator reads the code of an error of the model and our note, and of its words only the length', effect => {
  const line = lineOf(effect, false);
  expect(JSON.stringify(line)).not.toContain('4111');
  expect(line).toMatchObject({
    note: effect.do === 'missed' ? 'server_error' : 'close code 1011',
    detailLength: WORDS.length,
  });
  expect(lineOf(effect, true)).toMatchObject({detail: WORDS});
});

test('a code that is no code is not logged: it may be what somebody said', () => {
  for (const code of [WORDS, '+15005550006', 'x15005550006', 'x'.repeat(100)])
    expect(lineOf({do: 'warn', what: 'the model refused a command', code, detail: ''}, true)).toMatchObject({
      code: 'unreadable',
    });
});

test('a model that reports errors without end fills no disk: ten are told, then one each ten seconds with the number of the others', () => {
  const {clock, lines, of} = reports();
  const refused = {do: 'warn', what: 'the model refused a command', code: 'c', detail: ''} as const;
  for (let n = 0; n < 1_000; n += 1) of.report(refused);
  of.report({do: 'warn', what: 'the model session is lost', code: 'closed', detail: ''});
  expect(lines).toHaveLength(11);
  clock.advance(10_000);
  for (let n = 0; n < 1_000; n += 1) of.report(refused);
  expect(lines).toHaveLength(12);
  expect(lines[11]).toMatchObject({unsaid: 990, code: 'c'});
});
