import {inZone} from './zone.js';

const number = new Intl.NumberFormat('en', {maximumFractionDigits: 1});
const fine = new Intl.NumberFormat('en', {maximumFractionDigits: 2});
const whole = new Intl.NumberFormat('en', {maximumFractionDigits: 0});
const compact = new Intl.NumberFormat('en', {notation: 'compact', maximumFractionDigits: 1});

/** An amount and its unit stay on one line. */
const SPACE = '\u00A0';

/** A duration for a person: 0.6 ms, 842 ms, 1.24 s, 3:07 min; a dash for `null`. */
export function ms(value) {
  if (value === null || value === undefined) return '–';
  if (value < 10) return `${number.format(value)}${SPACE}ms`;
  if (value < 1_000) return `${whole.format(value)}${SPACE}ms`;
  if (value < 60_000) return `${(value / 1_000).toFixed(value < 10_000 ? 2 : 1)}${SPACE}s`;
  const seconds = Math.round(value / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}${SPACE}min`;
  return `${number.format(seconds / 3_600)}${SPACE}h`;
}

export const count = value =>
  value === null || value === undefined
    ? '–'
    : value < 100_000
      ? (Math.abs(value) < 10 ? fine : number).format(value)
      : compact.format(value);

/** 1 webhook, 3 webhooks */
export const counted = (value, one) => `${count(value)} ${value === 1 ? one : `${one}s`}`;

export function usd(value) {
  if (value === null || value === undefined) return '–';
  if (value === 0) return '$0';
  return `$${value < 1 ? value.toFixed(3) : value < 1_000 ? value.toFixed(2) : whole.format(value)}`;
}

/**
 * The amounts on an axis: all with as many digits after the point as its step needs, whole dollars or at least cents.
 */
function usdTicks(ticks) {
  const step = Math.abs((ticks[1] ?? 1) - (ticks[0] ?? 0));
  const isExact = digits => Math.abs(step * 10 ** digits - Math.round(step * 10 ** digits)) < 1e-6;
  const digits = [0, 2, 3, 4, 5].find(isExact) ?? 6;
  const amount = new Intl.NumberFormat('en', {minimumFractionDigits: digits, maximumFractionDigits: digits});
  return ticks.map(tick => `$${amount.format(tick)}`);
}

export const share = value =>
  Number.isFinite(value) ? `${(value * 100).toFixed(value > 0 && value < 0.1 ? 1 : 0)}${SPACE}%` : '–';

/** Formats by the unit that the API names. */
export const byUnit = {ms, count, tokens: count, usd};

/** The labels of an axis, by the unit. */
export const ticksByUnit = {
  ...Object.fromEntries(Object.entries(byUnit).map(([unit, format]) => [unit, ticks => ticks.map(format)])),
  usd: usdTicks,
};

/** A round step for a scale, at least as long as `rough`: 1, 2, 2.5 or 5 of some power of ten. */
export function niceStep(rough) {
  const power = 10 ** Math.floor(Math.log10(Math.max(rough, 0.01)));
  return ([1, 2, 2.5, 5].find(factor => factor * power >= rough) ?? 10) * power;
}

const MOMENT = {day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit'};
const WITH_SECONDS = {...MOMENT, second: '2-digit'};

const yearOf = at => inZone({year: 'numeric'}, at);

/** A time in the zone that is shown: 22 Nov 15:04, or 22 Nov 2025 15:04 if that is not this year. */
export function moment(text, seconds = false) {
  const at = new Date(text);
  const fields = seconds ? WITH_SECONDS : MOMENT;
  return inZone(yearOf(at) === yearOf(Date.now()) ? fields : {...fields, year: 'numeric'}, at);
}

/** A position in a call: 1:07.4 */
export function position(atMs) {
  const seconds = atMs / 1_000;
  return `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(1).padStart(4, '0')}`;
}
