import {asTable, empty, h, s, table} from './dom.js';
import {byUnit, count, niceStep, share} from './format.js';
import {change, linkTo} from './url-state.js';

/** Named amounts, the largest first. `row.into`: what a click on it opens. */
export function bars(rows, {format = count, colour = 'accent'} = {}) {
  if (rows.length === 0) return empty();
  const most = Math.max(...rows.map(row => row.value), 1e-9);
  const total = rows.reduce((sum, row) => sum + row.value, 0);
  return h(
    'div',
    {class: 'hbars'},
    rows
      .toSorted((one, other) => other.value - one.value)
      .map(row =>
        h(
          row.into ? 'a' : 'div',
          {class: 'hbar', ...(row.into ? linkTo(row.into) : {})},
          h('span', {}, row.label),
          s(
            'svg',
            {
              class: `c-${row.colour ?? colour}`,
              preserveAspectRatio: 'none',
              viewBox: '0 0 100 12',
              'aria-hidden': 'true',
            },
            s('rect', {class: 'track', width: 100, height: 12, rx: 1.5}),
            s('rect', {class: 'bar', width: (row.value / most) * 100, height: 12, rx: 1.5}),
          ),
          h('span', {class: 'num'}, format(row.value)),
          h('span', {class: 'num quiet'}, share(row.value / total)),
        ),
      ),
  );
}

/**
 * The distribution of a metric's values, with percentiles as lines. `other`: a second set, drawn as an outline.
 * `answer.beyond`: how many values are too long to be drawn. `into`: what the values from one up to another open.
 */
export function spread({title, answer, other, figures, into, colour = 'accent'}) {
  if (answer.bins.length === 0) return empty();
  const width = 560;
  const height = 202;
  /** Above it are the two marks, each in a line of its own. */
  const top = 36;
  const floor = height - 24;
  const format = byUnit[answer.unit];
  const last = Math.max(...answer.bins.map(bin => bin.from)) + answer.step;
  const x = value => Math.min(1, value / last) * width;
  const total = bins => bins.reduce((sum, bin) => sum + bin.count, 0) || 1;
  const most = Math.max(
    ...[answer, other].flatMap(one => (one ? one.bins.map(bin => bin.count / total(one.bins)) : [])),
  );
  const y = part => floor - (part / most) * (floor - top);
  const columns = answer.bins.map(bin =>
    s(
      'rect',
      {
        x: x(bin.from) + 0.5,
        width: Math.max(1, x(answer.step) - 1),
        y: y(bin.count / total(answer.bins)),
        height: floor - y(bin.count / total(answer.bins)),
        rx: 1.5,
        class: 'bar opens',
        onclick: () => change(into(bin.from, bin.from + answer.step)),
      },
      s('title', {}, `${format(bin.from)} – ${format(bin.from + answer.step)}: ${count(bin.count)}`),
    ),
  );
  const outline = other?.bins.map((bin, index) => {
    const at = y(bin.count / total(other.bins));
    return `${index === 0 ? 'M' : 'L'}${x(bin.from)} ${at}H${x(bin.from + answer.step)}`;
  });
  const lines = ['p50', 'p95'].flatMap(name =>
    figures?.[name] === null || figures?.[name] === undefined
      ? []
      : [
          s('line', {
            x1: x(figures[name]),
            x2: x(figures[name]),
            y1: name === 'p50' ? 3 : 20,
            y2: floor,
            class: 'mark',
          }),
          s(
            'text',
            {...beside(x(figures[name]), width), y: name === 'p50' ? 13 : 30},
            `${name} ${format(figures[name])}`,
          ),
        ],
  );
  const step = niceStep(last / 5);
  const ticks = Array.from({length: Math.floor(last / step) + 1}, (_, index) => index * step).map(value =>
    s(
      'text',
      {
        x: x(value),
        y: height - 6,
        'text-anchor': value === 0 ? 'start' : x(value) > width - 20 ? 'end' : 'middle',
      },
      format(value),
    ),
  );
  const longer = answer.beyond
    ? s('text', {x: width, y: floor - 8, 'text-anchor': 'end'}, `${count(answer.beyond)} longer →`)
    : '';
  const rows = [
    ['from', '', bin => h('a', linkTo(into(bin.from, bin.from + answer.step)), format(bin.from))],
    ['up to', 'num', bin => format(bin.from + answer.step)],
    ['values', 'num', bin => count(bin.count)],
  ];
  return [
    s(
      'svg',
      {
        viewBox: `0 0 ${width} ${height}`,
        class: `spread c-${colour}`,
        role: 'img',
        'aria-label': `${title}: distribution; a table follows`,
      },
      s('line', {x1: 0, x2: width, y1: floor, y2: floor, class: 'gridline'}),
      columns,
      outline && s('path', {d: outline.join(''), class: 'outline'}),
      lines,
      ticks,
      longer,
    ),
    asTable(() => table(`${title}, as a table`, rows, answer.bins, {tall: true})),
  ];
}

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/** Calls by hour of the day and day of the week; `weekday` 1 is Monday. */
export function heatMap(hoursOfWeek) {
  const cells = new Map(hoursOfWeek.map(({weekday, hour, count: value}) => [(weekday - 1) * 24 + hour, value]));
  if (cells.size === 0) return empty();
  const most = Math.max(...cells.values());
  const size = 20;
  const left = 34;
  const hours = Array.from({length: 24}, (_, hour) => hour);
  const columns = [
    ['hour', '', hour => `${hour}:00`],
    ...DAYS.map((day, row) => [day, 'num', hour => count(cells.get(row * 24 + hour) ?? 0)]),
  ];
  const picture = s(
    'svg',
    {
      viewBox: `0 0 ${left + 24 * size} ${7 * size + 18}`,
      class: 'spread c-accent',
      role: 'img',
      'aria-label': 'calls by hour and weekday; a table follows',
    },
    DAYS.flatMap((day, row) => [
      s('text', {x: 0, y: row * size + 14}, day),
      ...Array.from({length: 24}, (_, hour) => {
        const value = cells.get(row * 24 + hour) ?? 0;
        return s(
          'rect',
          {
            x: left + hour * size + 1,
            y: row * size + 1,
            width: size - 2,
            height: size - 2,
            rx: 3,
            class: value ? 'bar' : 'track',
            opacity: value ? 0.12 + 0.88 * (value / most) : 1,
          },
          s('title', {}, `${day} ${hour}:00 – ${count(value)} calls`),
        );
      }),
    ]),
    [0, 6, 12, 18, 23].map(hour =>
      s('text', {x: left + hour * size + size / 2, y: 7 * size + 14, 'text-anchor': 'middle'}, `${hour}h`),
    ),
  );
  return [picture, asTable(() => table('Calls by hour and weekday', columns, hours, {tall: true}))];
}

/** Where the label of a line stands: at its right, or at its left where there is no room. */
function beside(x, width) {
  return x > width - 80 ? {x: x - 4, 'text-anchor': 'end'} : {x: x + 4};
}
