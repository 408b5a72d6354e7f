import {unreachable} from '@voicebridge/shared/errors.ts';
import type {Log} from '@voicebridge/shared/observability/log.ts';
import type {Metrics} from '@voicebridge/shared/observability/metrics.ts';
import type {CallEffect} from '../events/call-effect.ts';
import {codeIn} from '@voicebridge/shared/protocol/code-in.ts';
import type {Explained} from '../model/model-adapter.ts';
import {errorLabel} from './error-label.ts';

/** An effect that only informs operators: a metric or a log line. */
export type OperatorReport = Extract<CallEffect, {do: 'measure' | 'timing' | 'missed' | 'warn'}>;

export interface ReportDeps {
  readonly metrics: Metrics;
  /** Log the arithmetic of each interruption too. */
  readonly showTimingMath: boolean;
  /** Log the words with which a model's server explains an error. They may repeat what a caller said. */
  readonly logModelDetails: boolean;
}

/** Writes the metric or the log line. */
export function reportToOperators(
  effect: OperatorReport,
  {metrics, showTimingMath, logModelDetails}: ReportDeps,
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
      const {cause, step} = effect;
      metrics.answersMissedTotal.inc({cause, step});
      return log.warn({cause, step, ...explained(effect, logModelDetails)}, 'no answer for the caller');
    }
    case 'warn':
      metrics.modelErrorsTotal.inc({code: errorLabel(effect.code)});
      return log.warn({code: codeIn(effect.code) ?? 'unreadable', ...explained(effect, logModelDetails)}, effect.what);
    default:
      return unreachable(effect);
  }
}

/** The longest detail in a line, in characters. */
const DETAIL_MAX = 500;

/** The words of others by their length only, unless an operator asked for them. */
function explained({note, detail}: Explained, withWords: boolean): Readonly<Record<string, unknown>> {
  const words = withWords ? {detail: detail.slice(0, DETAIL_MAX)} : {detailLength: detail.length};
  return {...(note ? {note} : {}), ...(detail === '' ? {} : words)};
}
