import {unreachable} from '@voicebridge/shared/errors.ts';
import type {Log} from '@voicebridge/shared/observability/log.ts';
import type {Metrics} from '@voicebridge/shared/observability/metrics.ts';
import type {CallEffect} from '../events/call-effect.ts';
import {errorLabel} from './error-label.ts';

/** An effect that only informs operators: a metric or a log line. */
export type OperatorReport = Extract<CallEffect, {do: 'measure' | 'timing' | 'missed' | 'warn'}>;

/** Writes the metric or the log line. `showTimingMath`: log the arithmetic of each interruption too. */
export function reportToOperators(
  effect: OperatorReport,
  {metrics, showTimingMath}: {readonly metrics: Metrics; readonly showTimingMath: boolean},
  log: Log,
): void {
  switch (effect.do) {
    case 'measure': {
      const {turnGapSeconds, timeToFirstAudioSeconds} = metrics;
      return (effect.what === 'turnGap' ? turnGapSeconds : timeToFirstAudioSeconds).observe(effect.ms / 1_000);
    }
    case 'timing':
      return showTimingMath ? log.info({math: effect.line}, 'timing') : undefined;
    case 'missed': {
      const {cause, step, detail} = effect;
      metrics.answersMissedTotal.inc({cause, step});
      return log.warn({cause, step, detail}, 'no answer for the caller');
    }
    case 'warn':
      metrics.modelErrorsTotal.inc({code: errorLabel(effect.code)});
      return log.warn({code: effect.code, detail: effect.detail}, effect.what);
    default:
      return unreachable(effect);
  }
}
