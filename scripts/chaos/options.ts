import {parseArgs} from 'node:util';

export interface ChaosOptions {
  /** How long callers talk and processes die. */
  readonly seconds: number;
  /** How many callers at a time. */
  readonly calls: number;
  /** The same seed kills in the same order. */
  readonly seed: number;
}

/** Reads `--seconds 60 --calls 20 --seed 1`. Throws a sentence about what is wrong. */
export function readOptions(args: readonly string[]): ChaosOptions {
  const {values} = parseArgs({
    args: [...args],
    options: {
      seconds: {type: 'string', default: '60'},
      calls: {type: 'string', default: '20'},
      seed: {type: 'string', default: '1'},
    },
  });
  const whole = (name: keyof typeof values): number => {
    const value = Number(values[name]);
    if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} must be a whole number above 0`);
    return value;
  };
  return {seconds: whole('seconds'), calls: whole('calls'), seed: whole('seed')};
}
