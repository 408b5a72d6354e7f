import {MODEL_ERRORS} from '@voicebridge/shared/metric-labels.ts';

const KNOWN: ReadonlySet<string> = new Set(MODEL_ERRORS);

/** The code of an error as a metric's label: a server that makes codes up makes no new time series. */
export function errorLabel(code: string): string {
  return KNOWN.has(code) ? code : 'other';
}
