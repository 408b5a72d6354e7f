import type {Millis} from '@voicebridge/shared/time.ts';

/** Minutes after midnight, on the clock of whoever is called, between which nobody is called. The end may be the next day. */
export interface QuietHours {
  readonly from: number;
  readonly to: number;
}

const MINUTE: Millis = 60_000;
const DAY = 24 * 60;

/** `20:00-08:00`; undefined if it is not understood. */
export function readQuietHours(text: string): QuietHours | undefined {
  const [, h1, m1, h2, m2] = /^([01]?\d|2[0-3]):([0-5]\d)-([01]?\d|2[0-3]):([0-5]\d)$/.exec(text.trim()) ?? [];
  if (h1 === undefined) return undefined;
  return {from: Number(h1) * 60 + Number(m1), to: Number(h2) * 60 + Number(m2)};
}

const clocks = new Map<string, Intl.DateTimeFormat>();

/** Minutes after midnight in a zone. `wall`: Unix milliseconds. */
export function minuteIn(zone: string, wall: Millis): number {
  let clock = clocks.get(zone);
  if (!clock) {
    clock = new Intl.DateTimeFormat('en-GB', {timeZone: zone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23'});
    clocks.set(zone, clock);
  }
  const parts = clock.formatToParts(wall);
  const of = (type: string) => Number(parts.find(part => part.type === type)?.value ?? 0);
  return of('hour') * 60 + of('minute');
}

export function isQuiet({from, to}: QuietHours, zone: string, wall: Millis): boolean {
  const minute = minuteIn(zone, wall);
  return from <= to ? minute >= from && minute < to : minute >= from || minute < to;
}

/**
 * When somebody may be called who may be in any of these zones: `wall` or later. Undefined if there is no such time within
 * two days. The clocks of people change twice a year, so the answer is looked for and not calculated.
 */
export function callableAt(hours: QuietHours | undefined, zones: readonly string[], wall: Millis): Millis | undefined {
  const mayRing = (at: Millis) => !hours || zones.every(zone => !isQuiet(hours, zone, at));
  if (mayRing(wall)) return wall;
  const first = Math.ceil(wall / MINUTE) * MINUTE;
  for (let minutes = 0; minutes < 2 * DAY; minutes += 1) {
    const at = first + minutes * MINUTE;
    if (mayRing(at)) return at;
  }
  return undefined;
}
