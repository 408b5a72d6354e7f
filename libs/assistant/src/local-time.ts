/** A moment as ISO 8601 in UTC. `wall`: Unix milliseconds. */
export function isoOf(wall: number): string {
  return new Date(wall).toISOString();
}

/** A moment in words, on the clock of a zone. `wall`: Unix milliseconds. */
export function said(wall: number, timeZone: string): string {
  return new Intl.DateTimeFormat('en-GB', {timeZone, dateStyle: 'full', timeStyle: 'short'}).format(wall);
}

/** A date and a time in a zone, or with their own offset, in Unix milliseconds; undefined if it is neither. */
export function momentOf(text: string, timeZone: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?$/.test(text)) return undefined;
  if (/(Z|[+-]\d\d:\d\d)$/.test(text)) return known(Date.parse(text));
  const asUtc = Date.parse(`${text}Z`);
  // Twice: the offset at the first guess may be that of the other side of a change of clocks.
  const first = asUtc - offsetAt(asUtc, timeZone);
  return known(asUtc - offsetAt(first, timeZone));
}

const known = (wall: number) => (Number.isNaN(wall) ? undefined : wall);

function offsetAt(wall: number, timeZone: string): number {
  if (Number.isNaN(wall)) return Number.NaN;
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  }).formatToParts(wall);
  const of = (type: string) => Number(parts.find(part => part.type === type)?.value ?? 0);
  const there = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
  return there - Math.floor(wall / 1_000) * 1_000;
}
