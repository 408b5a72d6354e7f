/** The time zone in which times are shown: the browser's, or UTC if the address says so. */
const OWN = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';

export const isUtc = () => OWN === 'UTC' || new URLSearchParams(location.search).get('zone') === 'utc';
/** The browser has another zone than UTC, so that there is something to choose. */
export const hasChoice = OWN !== 'UTC';
export const zone = () => (isUtc() ? 'UTC' : OWN);
/** `Europe/Oslo (UTC+1)`, `UTC` */
export const zoneName = () => (isUtc() ? 'UTC' : `${OWN} (${offsetText(offsetAt(Date.now()))})`);

const formats = new Map();
/** Formats in the zone that is shown; the same options give the same formatter. */
export function inZone(options, at) {
  const key = `${zone()} ${JSON.stringify(options)}`;
  if (!formats.has(key))
    formats.set(key, new Intl.DateTimeFormat('en-GB', {hourCycle: 'h23', ...options, timeZone: zone()}));
  return formats.get(key).format(at).replace(',', '');
}

const WHOLE = {
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
};

/** A moment as a clock on the wall shows it: `2026-11-22T15:04:00`. */
export function wallClock(at) {
  const [, day, month, year, time] = /(\d+)\/(\d+)\/(\d+) (.+)/.exec(inZone(WHOLE, at));
  return `${year}-${month}-${day}T${time}`;
}

/** Minutes by which the zone is ahead of UTC at a moment. */
export function offsetAt(at) {
  if (isUtc()) return 0;
  const whole = Math.floor(at / 1_000) * 1_000;
  return Math.round((Date.parse(`${wallClock(whole)}Z`) - whole) / 60_000);
}

/** The moment at which a clock on the wall shows this, in Unix milliseconds. */
export function fromWallClock(text) {
  const guess = Date.parse(`${text}Z`);
  const before = guess - offsetAt(guess) * 60_000;
  return guess - offsetAt(before) * 60_000;
}

function offsetText(minutes) {
  const rest = Math.abs(minutes) % 60;
  return `UTC${minutes < 0 ? '−' : '+'}${Math.floor(Math.abs(minutes) / 60)}${rest ? `:${String(rest).padStart(2, '0')}` : ''}`;
}
