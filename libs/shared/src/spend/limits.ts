import type {EndReason} from '../cdr/end-reasons.ts';
import type {Limit} from '../observability/metric-labels.ts';

/** Millionths of a US dollar, whole: sums of fractions would differ from process to process. */
export type Micros = number;
export const MICROS_PER_USD = 1_000_000;

/** The limits of money: for one call, and in one day (UTC) for one caller, one assistant, and everything. */
export const SPEND_LIMITS = ['call', 'caller', 'assistant', 'day'] as const satisfies readonly Limit[];
export type SpendLimit = (typeof SPEND_LIMITS)[number];

/** For each limit the most there may be; 0: no limit. */
export type Limits = Readonly<Record<Limit, number>>;
export type SpendLimits = Readonly<Record<SpendLimit, Micros>>;

/** What was spent, as far as a limit may be for it. */
export type Spent = Readonly<Record<SpendLimit, Micros>>;

export const NO_SPEND_LIMITS: SpendLimits = {call: 0, caller: 0, assistant: 0, day: 0};

/** From here on operators are warned. */
const NEAR = 0.8;

/** The first limit that is reached, in the order of `of`. */
export function reachedOf<Name extends Limit>(
  of: readonly Name[],
  used: Readonly<Record<Name, number>>,
  limits: Readonly<Record<Name, number>>,
): Name | undefined {
  return of.find(name => limits[name] > 0 && used[name] >= limits[name]);
}

/** The limits that are used to 80 % or more, and not reached. */
export function nearOf<Name extends Limit>(
  of: readonly Name[],
  used: Readonly<Record<Name, number>>,
  limits: Readonly<Record<Name, number>>,
): Name[] {
  return of.filter(name => used[name] < limits[name] && used[name] >= NEAR * limits[name]);
}

/** How a call ends that has reached a limit. */
export const END_OF_LIMIT = {
  call: 'platform.spend-call',
  caller: 'platform.spend-caller',
  assistant: 'platform.spend-assistant',
  day: 'platform.spend-day',
} as const satisfies Readonly<Record<SpendLimit, EndReason>>;
