import {get} from './api.js';
import {h} from './dom.js';
import {byUnit, share} from './format.js';

/** Asks the API for the same figures of each set; the answers are in the order of the sets. */
export const measureSets = ({sets, signal}, question) =>
  Promise.all(sets.map(set => get('/api/metrics', {...set.filter, ...question}, signal)));

/** Whether the difference of two means is likely more than chance (Welch). */
export function significance(a, b) {
  if (!a || !b || a.count < 2 || b.count < 2) return undefined;
  const error = Math.sqrt(a.deviation ** 2 / a.count + b.deviation ** 2 / b.count);
  if (!(error > 0)) return undefined;
  const z = Math.abs(a.mean - b.mean) / error;
  return z > 3.3 ? 'clear' : z > 1.96 ? 'likely' : 'within chance';
}

/** +4.8 %, −12 % */
function signed(change) {
  const amount = Math.abs(change * 100).toFixed(Math.abs(change) < 0.1 ? 1 : 0);
  return `${Number(amount) === 0 ? '±' : change > 0 ? '+' : '−'}${amount}\u00A0%`;
}

/** One figure, and how it differs from the other set. `better`: `less`, `more` or undefined. */
export function tile({label, unit, value, other, otherLabel, more, better, hint}) {
  const format = unit === 'share' ? share : byUnit[unit];
  const [amount, ...rest] = format(value).split('\u00A0');
  const change = other === undefined || other === null || !other ? undefined : (value - other) / other;
  const kind =
    change === undefined || !better || hint === 'within chance' || Math.abs(change) < 0.005
      ? 'quiet'
      : change < 0 === (better === 'less')
        ? 'good'
        : 'bad';
  return h(
    'div',
    {class: 'tile'},
    h('div', {class: 'label'}, label),
    h('div', {class: 'value'}, amount, rest.length > 0 && h('small', {}, ` ${rest.join(' ')}`)),
    h(
      'div',
      {class: 'more'},
      change === undefined ? (more ?? '') : [h('span', {class: kind}, signed(change)), ` from\u00A0${format(other)}`],
    ),
    change !== undefined && hint
      ? h('div', {class: 'more', title: `difference of the means against ${otherLabel} (Welch)`}, hint)
      : '',
  );
}

/**
 * A tile for one figure of one metric, from the answers of the sets. `counts`: the figure is a sum or a count, to which
 * a test of means does not apply.
 */
export function tileOf({sets}, answers, {label, pick = group => group.p50, better, unit, more, counts = false}) {
  const [first, second] = answers.map(answer => answer.groups[0]);
  return tile({
    label,
    unit: unit ?? answers[0].unit,
    value: first ? pick(first) : null,
    other: second ? pick(second) : undefined,
    otherLabel: sets[1]?.label,
    more: first?.count ? more?.(first) : undefined,
    better,
    hint: counts ? undefined : significance(first, second),
  });
}

/** A row of tiles; each asks the API for itself. `wanted`: [metric, look]. */
export function tilesOf(context, wanted) {
  return h(
    'div',
    {class: 'tiles'},
    wanted.map(([metric, look]) => {
      const more = h('div', {class: 'more'});
      const place = h(
        'div',
        {class: 'tile', 'aria-busy': 'true'},
        h('div', {class: 'label'}, look.label),
        h('div', {class: 'value'}, '…'),
        more,
      );
      measureSets(context, {metric}).then(
        answers => place.replaceWith(tileOf(context, answers, look)),
        problem => problem.name === 'AbortError' || more.replaceChildren(problem.message),
      );
      return place;
    }),
  );
}
