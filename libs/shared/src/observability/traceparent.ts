/** What a process sends to the next one, so that their spans and log lines belong together (W3C Trace Context). */
export const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** The id of the trace, as logs carry it; undefined if the text is no traceparent. */
export function traceIdOf(traceparent: string | null | undefined): string | undefined {
  return TRACEPARENT.exec(traceparent ?? '')?.[1];
}
