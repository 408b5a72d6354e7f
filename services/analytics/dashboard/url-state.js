/** The state of the page is its address, so that a view can be sent to a colleague. */
import {END_REASONS} from './end-reasons.js';
import {fromWallClock, offsetAt} from './zone.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Ranges that end now, and the bucket that fits each. */
export const RANGES = {
  '1h': {label: '1 hour', length: HOUR, bucket: 'minute', before: 'the hour before'},
  '24h': {label: '24 hours', length: DAY, bucket: '15m', before: 'the day before'},
  '7d': {label: '7 days', length: 7 * DAY, bucket: 'hour', before: 'the week before'},
  '30d': {label: '30 days', length: 30 * DAY, bucket: '6h', before: 'the 30 days before'},
  '90d': {label: '90 days', length: 90 * DAY, bucket: 'day', before: 'the 90 days before'},
  '1y': {label: '1 year', length: 365 * DAY, bucket: 'day', before: 'the year before'},
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
/** Filters of calls that only the list of calls has. */
export const CALL_FILTERS = [
  'edge',
  'direction',
  'via',
  'endReason',
  'failed',
  'interrupted',
  'failedOver',
  'failoverKind',
  'tool',
  'outcome',
  'tag',
  'search',
  'callerHash',
  'lastTwo',
  'words',
  'has',
];
const NAMES = [
  'view',
  'range',
  'from',
  'to',
  'zone',
  'assistant',
  'version',
  'model',
  'worker',
  'compare',
  'call',
  'at',
  'hooks',
  'hook',
  ...CALL_FILTERS,
];
/** What each may be, where it is not any text. */
const NAME = /^\P{Cc}{1,100}$/u;
const YES_NO = /^(yes|no)$/;
const AMOUNT = String.raw`(-?\d{1,15}(\.\d{1,12})?)?`;
const FITTING = {
  zone: /^utc$/,
  assistant: NAME,
  version: NAME,
  model: NAME,
  worker: NAME,
  compare: /^(previous|(assistant|version|model):\P{Cc}{1,100})$/u,
  at: /^\d{1,9}$/,
  hooks: /^(failed|waiting|delivered)$/,
  hook: /^[\w.-]{1,100}$/,
  edge: NAME,
  direction: /^(inbound|outbound)$/,
  via: /^(telephone|browser)$/,
  endReason: {test: text => Object.hasOwn(END_REASONS, text)},
  failed: YES_NO,
  interrupted: YES_NO,
  failedOver: YES_NO,
  failoverKind: /^[a-z]+(-[a-z]+)*$/,
  tool: NAME,
  outcome: /^[a-z]\w{0,63}:\P{Cc}{1,200}$/iu,
  tag: /^[a-z\d][a-z\d-]{0,39}$/,
  search: /^[\w-]{1,64}$/,
  callerHash: NAME,
  lastTwo: /^\d\d$/,
  words: /^\P{Cc}{2,100}$/u,
  has: new RegExp(`^[a-z_]+:${AMOUNT}:${AMOUNT}$`),
};
const fits = (name, text) => !text || !FITTING[name] || FITTING[name].test(text);
const clipped = text => (text.length > 40 ? `${text.slice(0, 40)}…` : text);
const DEFAULTS = {view: 'overview', range: '7d'};

export const changed = new EventTarget();

/**
 * Chooses the range that is shown if the address names none: the shortest that holds all calls there are, on the first
 * days; the shortest that holds the last of them, if there were none of late; else a week.
 */
export function chooseRange({first, last}, now = Date.now()) {
  const holding = moment => Object.keys(RANGES).find(name => now - Date.parse(moment) <= RANGES[name].length) ?? '1y';
  const longest = names => Object.keys(RANGES).findLast(name => names.includes(name));
  const all = first === null ? '24h' : holding(first);
  DEFAULTS.range = RANGES[all].length <= RANGES['7d'].length ? all : longest(['7d', holding(last)]);
}

/** What is wrong with the address, and what is shown instead; nothing, usually. */
export function complaints() {
  const parameters = new URLSearchParams(location.search);
  const {range, from, to} = Object.fromEntries(parameters);
  const unknown = [...new Set(parameters.keys())].filter(name => !NAMES.includes(name));
  const unfitting = NAMES.filter(name => !fits(name, parameters.get(name)));
  const isTime = text => text === undefined || !Number.isNaN(momentOf(text));
  return [
    ...unknown.map(name => `“${clipped(name)}” means nothing here`),
    ...unfitting.map(name => `“${name}” cannot be “${clipped(parameters.get(name))}”`),
    ...(range !== undefined && !Object.hasOwn(RANGES, range) ? [`“${clipped(range)}” is not a range`] : []),
    ...[from, to].flatMap(text => (isTime(text) ? [] : [`“${clipped(text)}” is not a time`])),
    ...(momentOf(from) > momentOf(to) ? ['the time ends before it begins'] : []),
  ];
}

/** Unix milliseconds of what the address has as a time; NaN if it is none. */
function momentOf(text) {
  if (!text) return NaN;
  const at = /^\d{12,14}$/.test(text) ? Number(text) : Date.parse(text);
  return at > Date.UTC(2000) && at < Date.UTC(2200) ? at : NaN;
}

export function state() {
  const parameters = new URLSearchParams(location.search);
  const read = Object.fromEntries(NAMES.map(name => [name, parameters.get(name) ?? DEFAULTS[name] ?? '']));
  if (!Object.hasOwn(RANGES, read.range)) read.range = DEFAULTS.range;
  for (const name of NAMES) if (!fits(name, read[name])) read[name] = '';
  const [from, to] = [momentOf(read.from), momentOf(read.to)];
  // The nearest that can be shown; `complaints` says why.
  if (Number.isNaN(from) || from > to) read.from = '';
  if (Number.isNaN(to) || from > to) read.to = '';
  return read;
}

/** The address after a change. A default is left out. */
export function addressWith(changes) {
  const next = {...state(), ...changes};
  const kept = NAMES.filter(name => next[name] && next[name] !== DEFAULTS[name]);
  return `/?${new URLSearchParams(kept.map(name => [name, next[name]]))}`.replace(/\?$/, '');
}

/** The calls behind something that is shown: other filters of calls are left out. */
export const intoCalls = changes => ({
  ...Object.fromEntries(CALL_FILTERS.map(name => [name, ''])),
  compare: '',
  view: 'calls',
  ...changes,
});

/** The calls with a value of this metric that is no less. What is shown of it may be rounded up: this is rounded down. */
export function atLeast(metric, value) {
  const digits = value < 10 ? 1e6 : 1;
  return intoCalls({has: `${metric}:${Math.floor(value * digits) / digits}:`});
}

/** The attributes of a link that changes the state of the page, and can be opened in another tab. */
export const linkTo = changes => ({
  href: addressWith(changes),
  onclick: event => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    change(changes);
  },
});

export function change(changes) {
  history.replaceState({scroll: scrollY}, '');
  const isNew = ['view', 'call'].some(name => name in changes && changes[name] !== state()[name]);
  history.pushState(null, '', addressWith(changes));
  changed.dispatchEvent(new CustomEvent('change', {detail: {isNew, scroll: isNew ? 0 : scrollY}}));
}

addEventListener('popstate', event =>
  changed.dispatchEvent(new CustomEvent('change', {detail: {isNew: true, scroll: event.state?.scroll ?? 0}})),
);

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

/**
 * The time range on show: `from` and `to` in Unix milliseconds, the bucket, its name, and by how many minutes its days
 * are ahead of those of UTC.
 */
export function periodOf({range, from, to}) {
  if (from || to) {
    const end = momentOf(to) || Date.now();
    const start = momentOf(from) || end - 7 * DAY;
    return {
      from: start,
      to: Math.max(end, start + 60_000),
      bucket: bucketFor(end - start),
      offset: offsetAt(end),
      label: 'this time',
      before: 'the time before',
    };
  }
  const {length, bucket, label, before} = RANGES[range];
  const step = BUCKET_LENGTHS[bucket];
  const offset = offsetAt(Date.now());
  const ahead = offset * 60_000;
  const end = Math.ceil((Date.now() + ahead) / step) * step - ahead;
  return {from: end - length, to: end, bucket, offset, label: `last ${label}`, before};
}

/** A time of the custom range, as the address has it. */
export const customTime = text => (text ? new Date(fromWallClock(text)).toISOString() : '');

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
