import {createLog, type Log} from '../observability/log.ts';
import {tellLeak} from './canaries.ts';

/**
 * A log that writes every level to nowhere and is searched for what may not be in it: the test that wrote it fails
 * (`scripts/testing/no-leaks.ts`).
 */
export function canaryLog(service: string, level = 'trace'): Log {
  return createLog(service, {level, to: {write: tellLeak}});
}
