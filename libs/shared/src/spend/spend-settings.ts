import {dollars} from '../config/config.ts';
import {MICROS_PER_USD} from './limits.ts';

/** What a day may cost. The webhook asks before a call begins, its worker in each turn. */
export const spendSettings = {
  SPEND_PER_CALLER_USD: dollars()
    .default(50)
    .describe(
      'the most that one caller may cost in a day (UTC), by the price table; 0: no limit. Callers who withhold their number have no limit',
    ),
  SPEND_PER_ASSISTANT_USD: dollars()
    .default(0)
    .describe('the most that the calls of one assistant may cost in a day (UTC); 0: no limit'),
  SPEND_PER_DAY_USD: dollars()
    .default(0)
    .describe(
      'the most that all calls together may cost in a day (UTC); 0: no limit. Set it: calls are then refused or ended with a sentence, and an alert fires at 80 % of it',
    ),
};

interface SpendConfig {
  readonly SPEND_PER_CALLER_USD: number;
  readonly SPEND_PER_ASSISTANT_USD: number;
  readonly SPEND_PER_DAY_USD: number;
}

/** The limits of a day, in millionths of a US dollar. */
export function limitsOfDay(config: SpendConfig) {
  const micros = (usd: number) => Math.round(usd * MICROS_PER_USD);
  return {
    caller: micros(config.SPEND_PER_CALLER_USD),
    assistant: micros(config.SPEND_PER_ASSISTANT_USD),
    day: micros(config.SPEND_PER_DAY_USD),
  };
}
