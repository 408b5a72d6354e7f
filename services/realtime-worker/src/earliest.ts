import type {Millis} from '@voicebridge/shared/time.ts';

/** The first of the moments that are known. */
export function earliest(...moments: (Millis | undefined)[]): Millis | undefined {
  const known = moments.filter(moment => moment !== undefined);
  return known.length > 0 ? Math.min(...known) : undefined;
}
