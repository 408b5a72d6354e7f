import {createLog, type Log} from '../observability/log.ts';
import {tellLeak} from './canaries.ts';

/**
 * A log that writes every level to nowhere and is searched for what may not be in it: the test that wrote it fails
 * (`scripts/testing/no-leaks.ts`).
 * `seen` gets each line.
 */
export function canaryLog(service: string, level = 'trace', seen: (line: string) => void = () => {}): Log {
  const write = (line: string) => {
    tellLeak(line);
    seen(line);
  };
  return createLog(service, {level, to: {write}});
}
