import type {Millis} from '@voicebridge/shared/time.ts';
import type {Alert} from '../report/call-report.ts';

/**
 * Codes that say something did not answer, died or was congested. They are no mistake in what was said: a test that
 * kills a process expects them.
 */
const MERELY_FAILED: ReadonlySet<number> = new Set([
  11200, 11205, 11210, 11220, 11235, 11237, 15003, 31900, 31901, 31902, 31903, 31904, 31910, 31921, 31930, 31953,
]);

/** Twilio's debugger for one call: each code once per stream, repeats counted. */
export class AlertLog {
  readonly #alerts: {code: number; detail: string; at: Millis; count: number; streamSid?: string}[] = [];

  /** Returns the alert if it is the first of its kind, nothing if it was only counted. */
  add(code: number, detail: string, at: Millis, streamSid?: string): Alert | undefined {
    const known = this.#alerts.find(
      alert =>
        alert.code === code && alert.streamSid === streamSid && (streamSid !== undefined || alert.detail === detail),
    );
    if (known) {
      known.count += 1;
      return undefined;
    }
    const alert = {code, detail, at, count: 1, ...(streamSid === undefined ? {} : {streamSid})};
    this.#alerts.push(alert);
    return alert;
  }

  get all(): readonly Alert[] {
    return this.#alerts;
  }

  get violations(): readonly Alert[] {
    return this.#alerts.filter(({code}) => !MERELY_FAILED.has(code));
  }
}
