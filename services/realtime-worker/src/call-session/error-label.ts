import {MODEL_ERRORS, MODEL_EVENTS} from '@voicebridge/shared/observability/metric-labels.ts';

const KNOWN: ReadonlySet<string> = new Set(MODEL_ERRORS);
const EVENTS: ReadonlySet<string> = new Set(MODEL_EVENTS);

/** The type of a model event as a metric label; unknown types become `other`. */
export function modelEventLabel(type: string): string {
  return EVENTS.has(type) ? type : 'other';
}

/** The code of a model error as a metric label. Unknown codes become `other`, so a server cannot create time series. */
export function errorLabel(code: string): string {
  return KNOWN.has(code) ? code : 'other';
}
