import {MODEL_ERRORS, MODEL_EVENTS} from '@voicebridge/shared/observability/metric-labels.ts';

const KNOWN: ReadonlySet<string> = new Set(MODEL_ERRORS);
const EVENTS: ReadonlySet<string> = new Set(MODEL_EVENTS);

/** The type of a model's event as a metric's label. */
export function modelEventLabel(type: string): string {
  return EVENTS.has(type) ? type : 'other';
}

/** The code of an error as a metric's label: a server that makes codes up makes no new time series. */
export function errorLabel(code: string): string {
  return KNOWN.has(code) ? code : 'other';
}
