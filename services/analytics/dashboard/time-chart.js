import {asTable, colour, empty, h, table} from './dom.js';
import {byUnit, moment, ticksByUnit} from './format.js';
import {BUCKET_LENGTHS, change, intoCalls, linkTo} from './url-state.js';
import {inZone, zone} from './zone.js';

/** Every bucket of the period, in seconds, as the charts want it. */
export function bucketsOf({from, to, bucket, offset}) {
  const step = BUCKET_LENGTHS[bucket];
  const monday = Date.UTC(2000, 0, 3) - offset * 60_000;
  const first = monday + Math.floor((from - monday) / step) * step;
  return Array.from(
    {length: Math.max(1, Math.ceil((to - first) / step))},
    (_, index) => (first + index * step) / 1_000,
  );
}

/** Values of `pick` per bucket; `missing` where there was none. */
export function valuesOf(groups, xs, pick, {shift = 0, missing = null} = {}) {
  const byTime = new Map(groups.map(group => [(Date.parse(group.at) + shift) / 1_000, pick(group)]));
  return xs.map(x => byTime.get(x) ?? missing);
}

/** In seconds. */
const YEAR = 366 * 86_400;

const charts = new Set();

/** Steps of an axis on which there is nothing between whole numbers. */
const WHOLE_STEPS = Array.from({length: 10}, (_, power) => [1, 2, 5].map(factor => factor * 10 ** power)).flat();

function axis(unit, size, isWhole = false) {
  return {
    ...(isWhole ? {incrs: WHOLE_STEPS} : {}),
    stroke: () => colour('quiet'),
    font: '11px system-ui',
    grid: {stroke: () => colour('grid'), width: 1},
    ticks: {show: false},
    size,
    gap: 6,
    values: (_, splits) => ticksByUnit[unit](splits),
  };
}

const yearOf = seconds => inZone({year: 'numeric'}, seconds * 1_000);

/** 15:00 within a day, 22 Nov where one begins; Feb 2025 for the first of each year, if there are several. */
function dates(_, splits) {
  // A picture that is too narrow for any.
  if (splits.length === 0) return [];
  const hasYears = yearOf(splits[0]) !== yearOf(splits.at(-1)) && splits.at(-1) - splits[0] > YEAR;
  return splits.map((split, index) => {
    const at = split * 1_000;
    if (hasYears && (index === 0 || yearOf(split) !== yearOf(splits[index - 1])))
      return inZone({month: 'short', year: 'numeric'}, at);
    const time = inZone({hour: '2-digit', minute: '2-digit'}, at);
    return time === '00:00' ? inZone({day: 'numeric', month: 'short'}, at) : time;
  });
}

/** Values without a neighbour on either side: no line reaches them, so each gets a dot. */
const lonely = (plot, index) => {
  const values = plot.data[index];
  return values.flatMap((value, at) => (value != null && values[at - 1] == null && values[at + 1] == null ? [at] : []));
};

const iso = seconds => new Date(Math.round(seconds * 1_000)).toISOString();

/**
 * Lines, areas or bars over time. A drag shows that time alone; a click opens the calls of a bucket, as do the links of
 * the table beneath.
 * `series`: {label, values, colour, dash, fill, bars, hidden}. With `stacked`, each lies on the sum of those before it.
 * `into`: more filters for those calls.
 */
export function timeChart(body, {xs, series, unit, height = 210, stacked = false, into = {}}) {
  if (series.every(one => one.values.every(value => value === null || value === 0))) return empty();
  const legend = h('div', {class: 'legend'});
  const format = byUnit[unit];
  const say = index => {
    const when = index === null ? '' : `${moment(xs[index] * 1_000)}  `;
    legend.replaceChildren(
      ...series.map(one =>
        h(
          'span',
          {},
          h('span', {class: `key c-${one.colour} ${one.dash ? 'dashed' : ''}`}),
          one.label,
          index === null ? '' : h('b', {}, ` ${format(one.values[index])}`),
        ),
      ),
      h('span', {}, when),
    );
  };
  const isWhole = series.every(one => one.values.every(value => value === null || Number.isInteger(value)));
  const sums = xs.map(() => 0);
  const drawn = series.map(one => ({
    ...one,
    bars: one.bars || stacked,
    data: stacked ? one.values.map((value, index) => (sums[index] += value ?? 0)) : one.values,
  }));
  const order = stacked ? drawn.toReversed() : drawn;
  const title = body.closest('section')?.getAttribute('aria-label') ?? '';
  const names = series.map(one => one.label).join(', ');
  const holder = h('div', {role: 'img', class: 'time-chart', 'aria-label': `${title}: ${names}; a table follows`});
  const step = xs.length > 1 ? xs[1] - xs[0] : 60;
  const callsOf = index => intoCalls({...into, from: iso(xs[index]), to: iso(xs[index] + step)});
  const columns = [
    ['from', '', index => h('a', linkTo(callsOf(index)), moment(xs[index] * 1_000))],
    ...series.map(one => [one.label, 'num', index => format(one.values[index])]),
  ];
  const rows = () => [...xs.keys()].filter(index => series.some(one => one.values[index] !== null)).toReversed();
  body.replaceChildren(
    holder,
    legend,
    asTable(() => table(`${title}, as a table`, columns, rows(), {tall: true})),
  );
  let wasDragged = false;
  const zoom = plot => {
    const {left, width} = plot.select;
    if (width < 5) return;
    wasDragged = true;
    change({from: iso(plot.posToVal(left, 'x')), to: iso(plot.posToVal(left + width, 'x')), range: ''});
  };
  const open = index => {
    if (!wasDragged && index !== null) change(callsOf(index));
  };
  const options = {
    width: holder.clientWidth || 600,
    height,
    tzDate: at => uPlot.tzDate(new Date(at * 1_000), zone()),
    // The name of a day at the right edge has half of its width beyond it.
    padding: [8, 22, 0, 0],
    cursor: {y: false, points: {size: 6}, drag: {x: true, y: false, setScale: false}},
    legend: {show: false},
    scales: {x: {time: true}, y: {range: (_, min, max) => [0, max > 0 ? max * 1.06 : 1]}},
    axes: [{...axis('count', 26), values: dates, grid: {show: false}}, axis(unit, 62, isWhole)],
    series: [
      {},
      ...order.map(one => ({
        label: one.label,
        stroke: () => colour(one.colour),
        width: one.bars ? 0 : 1.75,
        dash: one.dash ? [4, 4] : undefined,
        fill: one.bars ? () => colour(one.colour) : one.fill ? () => `${colour(one.colour)}1c` : undefined,
        paths: one.bars ? uPlot.paths.bars({size: [0.82, 40], radius: stacked ? 0 : 0.15}) : uPlot.paths.linear(),
        points: {show: false, size: 5, filter: one.bars ? () => null : lonely},
        spanGaps: false,
      })),
    ],
    hooks: {setCursor: [plot => say(plot.cursor.idx ?? null)], setSelect: [zoom]},
  };
  const plot = new uPlot(options, [xs, ...order.map(one => one.data)], holder);
  plot.over.addEventListener('click', () => open(plot.cursor.idx ?? null));
  say(null);
  watch(holder, plot, height);
  return undefined;
}

function watch(holder, plot, height) {
  charts.add(plot);
  const size = new ResizeObserver(() => {
    if (!holder.isConnected) {
      size.disconnect();
      charts.delete(plot);
      plot.destroy();
    } else if (holder.clientWidth > 0 && holder.clientWidth !== plot.width)
      plot.setSize({width: holder.clientWidth, height});
  });
  size.observe(holder);
}

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  for (const plot of charts) plot.redraw(false, true);
});
