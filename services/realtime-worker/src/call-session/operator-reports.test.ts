import {createLog} from '@voicebridge/shared/observability/log.ts';
import {createMetrics} from '@voicebridge/shared/observability/metrics.ts';
import {expect, test} from 'vitest';
import {type OperatorReport, reportToOperators} from './operator-reports.ts';

const WORDS = 'I cannot say: my card is 4111 1111 1111 1111';

function lineOf(effect: OperatorReport, logModelDetails: boolean): Record<string, unknown> {
  const lines: string[] = [];
  const log = createLog('test', {to: {write: line => void lines.push(line)}});
  reportToOperators(effect, {metrics: createMetrics('test'), showTimingMath: false, logModelDetails}, log);
  return JSON.parse(lines[0] ?? '{}') as Record<string, unknown>;
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
    expect(lineOf({do: 'warn', what: 'the model refused something', code, detail: ''}, true)).toMatchObject({
      code: 'unreadable',
    });
});
