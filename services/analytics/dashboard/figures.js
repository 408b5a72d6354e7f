import {get} from './api.js';
import {h} from './dom.js';
import {byUnit, share} from './format.js';
import {together} from './missing.js';
import {linkTo} from './url-state.js';

/**
 * Asks the API for the same of each set; the answers are in the order of the sets, that of the second only if it can be
 * compared. `tell` gets what the answers lack.
 */
export async function askSets({sets, signal}, path, question, tell) {
  const answers = await Promise.all(sets.map(set => get(path, {...set.filter, ...question}, signal)));
  return together(sets, answers, tell);
}

/** The figures of a metric, of each set. */
export const measureSets = (context, question, tell) => askSets(context, '/api/metrics', question, tell);

/** Figures whose difference can be told from chance. */
const TESTED = ['mean', 'p50', 'p90', 'p95', 'p99'];
/** A smaller change, as a share, is neither good nor bad, however sure it is. */
const MATTERS = 0.02;

/**
 * How far one figure of a metric lies from that of the other set: `{difference, interval}` in its unit, where the
 * interval is null if there are too few values to say anything.
 */
async function differenceOf({sets: [first, second], signal}, metric, figure) {
  if (!second || !TESTED.includes(figure)) return undefined;
  const {from, to, assistant, version, worker, model} = second.filter;
  const against = {from, to, assistant, version, worker, model};
  const other = Object.entries(against).map(([name, value]) => [`against.${name}`, value]);
  return get('/api/difference', {...first.filter, metric, figure, ...Object.fromEntries(other)}, signal);
}

/** Whether a difference is more than chance. */
const isClear = difference => difference?.interval && (difference.interval.low > 0 || difference.interval.high < 0);

/** +4.8 %, −12 %; nothing for what was ten times as little before, which is no change of the same thing. */
function signed(change) {
  if (Math.abs(change) >= 10) return '';
  const amount = Math.abs(change * 100).toFixed(Math.abs(change) < 0.1 ? 1 : 0);
  return `${Number(amount) === 0 ? '±' : change > 0 ? '+' : '−'}${amount}\u00A0%`;
}

/** No line ends between the sign and its amount. */
const signedAmount = (value, format) => `${value > 0 ? '+' : value < 0 ? '−' : '±'}\u2060${format(Math.abs(value))}`;

/**
 * One figure, and how it differs from the other set, if that is more than chance. `better`: `less`, `more` or undefined.
 * `into`: what a click opens. `beside`: something drawn. `said`: what the figure lacks.
 */
export function tile({label, unit, value, other, otherLabel, difference, isTested, more, better, into, beside, said}) {
  const format = unit === 'share' ? share : byUnit[unit];
  const [amount, ...rest] = format(value).split('\u00A0');
  const change = !other ? undefined : (value - other) / other;
  const says = change !== undefined && (!isTested || isClear(difference));
  const kind =
    !says || !better || !isTested || Math.abs(change) < MATTERS
      ? 'quiet'
      : change < 0 === (better === 'less')
        ? 'good'
        : 'bad';
  const {low, high} = difference?.interval ?? {};
  return h(
    into ? 'a' : 'div',
    {class: 'tile', ...(into ? linkTo(into) : {})},
    h('span', {class: 'label'}, label),
    h('span', {class: 'value'}, amount, rest.length > 0 && h('small', {}, ` ${rest.join(' ')}`)),
    h(
      'span',
      {class: 'more'},
      change === undefined
        ? (more ?? '')
        : [says ? h('span', {class: kind}, signed(change), ' ') : '', `from\u00A0${format(other)}`],
    ),
    says && isTested
      ? h(
          'span',
          {class: 'more', title: `95 % interval of the difference to ${otherLabel}`},
          `${signedAmount(low, format)} to ${signedAmount(high, format)}`,
        )
      : '',
    said?.map(({text, short}) => h('span', {class: 'more said', title: text}, short)),
    beside,
  );
}

/**
 * A tile for one figure of one metric. `into`: of the figures of the first set, what a click opens.
 */
async function tileOf(context, metric, {label, figure = 'p50', better, unit, more, into}) {
  const said = [];
  const [answers, difference] = await Promise.all([
    measureSets(context, {metric}, (text, short) => said.push({text, short})),
    differenceOf(context, metric, figure),
  ]);
  const [first, second] = answers.map(answer => answer.groups[0]);
  return tile({
    label,
    unit: unit ?? answers[0].unit,
    value: first?.count ? first[figure] : figure === 'count' || figure === 'sum' ? 0 : null,
    other: second?.count ? second[figure] : undefined,
    otherLabel: context.sets[1]?.label,
    difference,
    isTested: TESTED.includes(figure),
    more: first?.count ? more?.(first) : undefined,
    better,
    said,
    into: first?.count ? into?.(first) : undefined,
  });
}

/** A tile that is there at once, and filled when its figures are. */
export function tileLater(label, load) {
  const more = h('span', {class: 'more'});
  const value = h('span', {class: 'value quiet'}, '…');
  const place = h('div', {class: 'tile', 'aria-busy': 'true'}, h('span', {class: 'label'}, label), value, more);
  const fill = () =>
    load().then(
      content => place.replaceWith(content),
      problem => {
        if (problem.name === 'AbortError') return;
        value.textContent = '–';
        place.removeAttribute('aria-busy');
        more.replaceChildren(
          problem.isAway ? 'not loaded' : problem.message,
          problem.isAway ? '' : h('button', {class: 'plain', onclick: fill}, 'Try again'),
        );
      },
    );
  fill();
  return place;
}

/** A row of tiles; each asks the API for itself. `wanted`: [metric, look], or something drawn already. */
export const tilesOf = (context, wanted) =>
  h(
    'div',
    {class: 'tiles'},
    wanted.map(one => (Array.isArray(one) ? tileLater(one[1].label, () => tileOf(context, one[0], one[1])) : one)),
  );
