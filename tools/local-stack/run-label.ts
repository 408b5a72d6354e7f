/** The label of the containers that a test run has started. */
export const RUN_LABEL = 'voicebridge.test-run';

/** It, with the run, as an engine filters by it. */
export function runLabel(run: string): string {
  return `${RUN_LABEL}=${run}`;
}
