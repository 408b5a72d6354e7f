import {unreachable} from '@voicebridge/shared/errors.ts';
import type {Log} from '@voicebridge/shared/observability/log.ts';
import type {Metrics} from '@voicebridge/shared/observability/metrics.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import type {CallEffect} from '../events/call-effect.ts';
import {codeIn} from '@voicebridge/shared/protocol/code-in.ts';
import type {Explained} from '../model/model-adapter.ts';
import {errorLabel} from './error-label.ts';

/** An effect that only informs operators: a metric or a log line. */
export type OperatorReport = Extract<CallEffect, {do: 'measure' | 'timing' | 'missed' | 'warn'}>;

export interface ReportDeps {
  readonly clock: Pick<Clock, 'now'>;
  readonly metrics: Metrics;
  /** Log the arithmetic of each interruption too. */
  readonly showTimingMath: boolean;
  /** Log the words with which a model's server explains an error. They may repeat what a caller said. */
  readonly logModelDetails: boolean;
}

/** Warnings of one kind that a call may write at once… */
const LINES_AT_ONCE = 10;
/** …and how long it takes until it may write another one. */
const LINE_AGAIN_AFTER: Millis = 10_000;

/** The metrics and the log lines of one call. A model that reports errors without end fills no disk: it is summed up. */
export class OperatorReports {
  readonly #deps: ReportDeps;
  readonly #log: Log;
  /** By kind of warning: how many lines may be written as of a moment, and how many were not. */
  readonly #warnings = new Map<string, {lines: number; at: Millis; unsaid: number}>();

  constructor(deps: ReportDeps, log: Log) {
    this.#deps = deps;
    this.#log = log;
  }

  /** Writes the metric or the log line. */
  report(effect: OperatorReport): void {
    const {metrics, showTimingMath, logModelDetails} = this.#deps;
    switch (effect.do) {
      case 'measure': {
        const {turnGapSeconds, timeToFirstAudioSeconds} = metrics;
        return (effect.what === 'turnGap' ? turnGapSeconds : timeToFirstAudioSeconds).observe(effect.ms / 1_000);
      }
      case 'timing':
        return showTimingMath ? this.#log.info({math: effect.line}, 'timing') : undefined;
      case 'missed': {
        const {cause, step} = effect;
        metrics.answersMissedTotal.inc({cause, step});
        return this.#log.warn({cause, step, ...explained(effect, logModelDetails)}, 'no answer for the caller');
      }
      case 'warn': {
        metrics.modelErrorsTotal.inc({code: errorLabel(effect.code)});
        const unsaid = this.#mayWarn(effect.what);
        if (unsaid === undefined) return;
        const code = codeIn(effect.code) ?? 'unreadable';
        const more = unsaid === 0 ? {} : {unsaid};
        return this.#log.warn({code, ...explained(effect, logModelDetails), ...more}, effect.what);
      }
      default:
        return unreachable(effect);
    }
  }

  /** Whether a line may be written: then, how many were not since the last one. */
  #mayWarn(what: string): number | undefined {
    const at = this.#deps.clock.now();
    const known = this.#warnings.get(what) ?? {lines: LINES_AT_ONCE, at, unsaid: 0};
    this.#warnings.set(what, known);
    known.lines = Math.min(LINES_AT_ONCE, known.lines + (at - known.at) / LINE_AGAIN_AFTER);
    known.at = at;
    if (known.lines < 1) {
      known.unsaid += 1;
      return undefined;
    }
    const {unsaid} = known;
    known.lines -= 1;
    known.unsaid = 0;
    return unsaid;
  }
}

/** The longest detail in a line, in characters. */
const DETAIL_MAX = 500;

/** The words of others by their length only, unless an operator asked for them. */
function explained({note, detail}: Explained, withWords: boolean): Readonly<Record<string, unknown>> {
  const words = withWords ? {detail: detail.slice(0, DETAIL_MAX)} : {detailLength: detail.length};
  return {...(note ? {note} : {}), ...(detail === '' ? {} : words)};
}
