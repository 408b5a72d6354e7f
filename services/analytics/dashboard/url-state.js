/** The state of the page is its address, so that a view can be sent to a colleague. */

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Ranges that end now, and the bucket that fits each. */
export const RANGES = {
  '1h': {label: '1 hour', length: HOUR, bucket: 'minute', before: 'the hour before'},
  '24h': {label: '24 hours', length: DAY, bucket: '15m', before: 'the day before'},
  '7d': {label: '7 days', length: 7 * DAY, bucket: 'hour', before: 'the week before'},
  '30d': {label: '30 days', length: 30 * DAY, bucket: '6h', before: 'the 30 days before'},
  '90d': {label: '90 days', length: 90 * DAY, bucket: 'day', before: 'the 90 days before'},
};
export const BUCKET_LENGTHS = {
  minute: 60_000,
  '5m': 300_000,
  '15m': 900_000,
  hour: HOUR,
  '6h': 6 * HOUR,
  day: DAY,
  week: 7 * DAY,
};
const NAMES = [
  'view',
  'range',
  'from',
  'to',
  'assistant',
  'version',
  'model',
  'worker',
  'compare',
  'call',
  'endReason',
  'interrupted',
  'failedOver',
  'outcome',
  'search',
  'hooks',
];
const DEFAULTS = {view: 'overview', range: '7d'};

export const changed = new EventTarget();

export function state() {
  const parameters = new URLSearchParams(location.search);
  const read = Object.fromEntries(NAMES.map(name => [name, parameters.get(name) ?? DEFAULTS[name] ?? '']));
  if (!RANGES[read.range]) read.range = DEFAULTS.range;
  return read;
}

/** The address after a change. A default is left out. */
export function addressWith(changes) {
  const next = {...state(), ...changes};
  const kept = NAMES.filter(name => next[name] && next[name] !== DEFAULTS[name]);
  return `/?${new URLSearchParams(kept.map(name => [name, next[name]]))}`.replace(/\?$/, '');
}

export function change(changes) {
  history.pushState(null, '', addressWith(changes));
  changed.dispatchEvent(new Event('change'));
}

addEventListener('popstate', () => changed.dispatchEvent(new Event('change')));

const bucketFor = length =>
  length <= 3 * HOUR
    ? 'minute'
    : length <= 2 * DAY
      ? '15m'
      : length <= 14 * DAY
        ? 'hour'
        : length <= 60 * DAY
          ? '6h'
          : length <= 400 * DAY
            ? 'day'
            : 'week';

/** The time range on show: `from` and `to` in Unix milliseconds, the bucket, and its name. */
export function periodOf({range, from, to}) {
  if (from || to) {
    const end = Date.parse(to) || Date.now();
    const start = Date.parse(from) || end - 7 * DAY;
    return {
      from: start,
      to: Math.max(end, start + 60_000),
      bucket: bucketFor(end - start),
      label: 'this time',
      before: 'the time before',
    };
  }
  const {length, bucket, label, before} = RANGES[range];
  const step = BUCKET_LENGTHS[bucket];
  const end = Math.ceil(Date.now() / step) * step;
  return {from: end - length, to: end, bucket, label: `last ${label}`, before};
}

/**
 * The sets of calls to ask the API for: one, or two to compare. `shift` (ms) moves the second onto the time of the
 * first.
 */
export function setsOf(current) {
  const period = periodOf(current);
  const facets = Object.fromEntries(
    ['assistant', 'version', 'model', 'worker'].flatMap(name => (current[name] ? [[name, current[name]]] : [])),
  );
  const first = {
    label: current.compare.includes(':') ? nameOf(facets) : period.label,
    filter: {from: period.from, to: period.to, ...facets},
    shift: 0,
  };
  if (!current.compare) return {period, sets: [first]};
  const length = period.to - period.from;
  if (current.compare === 'previous')
    return {
      period,
      sets: [
        first,
        {label: period.before, filter: {...first.filter, from: period.from - length, to: period.from}, shift: length},
      ],
    };
  const [facet, ...rest] = current.compare.split(':');
  const name = rest.join(':');
  // A version is of one assistant, and another assistant has others.
  const kept = facet === 'model' ? first.filter : {...first.filter, assistant: '', version: ''};
  const label = facet === 'version' ? shortVersion(name) : name;
  return {period, sets: [first, {label, filter: {...kept, [facet]: name}, shift: 0}]};
}

/** A version as people can read it out. */
export const shortVersion = version => version.slice(0, 7);

function nameOf({assistant, version, model}) {
  const names = [assistant, version && shortVersion(version), version ? undefined : model];
  return names.filter(Boolean).join(' ') || 'all';
}
