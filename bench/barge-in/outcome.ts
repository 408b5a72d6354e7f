import type {Millis} from '@voicebridge/shared/time.ts';

export const OURS = 'Voicebridge';

/** The result of one rule for one interruption. */
export interface Outcome {
  readonly rule: string;
  readonly refused: boolean;
  /** An item was truncated that was not playing or that was fully heard. */
  readonly wrongItem: boolean;
  /** What the model believes was played of the item, minus what was played. */
  readonly errorMs: Millis;
}

export interface Figures {
  readonly count: number;
  readonly refused: number;
  readonly wrongItem: number;
  readonly p50: Millis;
  readonly p95: Millis;
  readonly max: Millis;
  /** The middle error with its sign: below zero, the model remembers less than was heard. */
  readonly middle: Millis;
}

export function figures(outcomes: readonly Outcome[]): Figures {
  const errors = outcomes.map(({errorMs}) => Math.abs(errorMs)).toSorted((a, b) => a - b);
  const signed = outcomes.map(({errorMs}) => errorMs).toSorted((a, b) => a - b);
  return {
    count: outcomes.length,
    refused: outcomes.filter(({refused}) => refused).length,
    wrongItem: outcomes.filter(({wrongItem}) => wrongItem).length,
    p50: quantile(errors, 0.5),
    p95: quantile(errors, 0.95),
    max: errors.at(-1) ?? 0,
    middle: quantile(signed, 0.5),
  };
}

/** Of sorted values: the least that is not below the share of them. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}
