import {parseArgs} from 'node:util';

export interface ChaosOptions {
  /** How long callers talk and processes die. */
  readonly seconds: number;
  /** How many callers at a time. */
  readonly calls: number;
  /** The same seed kills in the same order. */
  readonly seed: number;
  /** How long a caller stays, at least and at most. */
  readonly stayMs: readonly [number, number];
  /** Nobody else dials after so many, however much time is left. */
  readonly total: number;
}

/** Reads `--seconds 60 --calls 20 --seed 1 --stay 6-30 --total 10000`. Throws a sentence about what is wrong. */
export function readOptions(args: readonly string[]): ChaosOptions {
  const {values} = parseArgs({
    args: [...args],
    options: {
      seconds: {type: 'string', default: '60'},
      calls: {type: 'string', default: '20'},
      seed: {type: 'string', default: '1'},
      stay: {type: 'string', default: '6-30'},
      total: {type: 'string', default: String(Number.MAX_SAFE_INTEGER)},
    },
  });
  const whole = (name: keyof typeof values): number => {
    const value = Number(values[name]);
    if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} must be a whole number above 0`);
    return value;
  };
  const [least = 0, most = 0] = values.stay.split('-').map(Number);
  if (!(least > 0 && most >= least)) throw new Error('--stay must be seconds, as in 6-30');
  const stayMs = [least * 1_000, most * 1_000] as const;
  return {seconds: whole('seconds'), calls: whole('calls'), seed: whole('seed'), stayMs, total: whole('total')};
}
