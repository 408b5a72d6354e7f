import {s} from './dom.js';
import {measureSets, tile, tileLater} from './figures.js';
import {count, share} from './format.js';
import {bucketsOf} from './time-chart.js';
import {intoCalls, setsOf} from './url-state.js';

/** What the platform ended is a failure, and nothing else is: a test of the end reasons holds that. */
const wentSo = ({group: [endedBy]}) => endedBy === 'platform';

/** Of calls by who ended them: how many there were, and how many of them went wrong. */
function counted(groups) {
  const sum = all => all.reduce((total, group) => total + group.count, 0);
  return {all: sum(groups), wrong: sum(groups.filter(wentSo))};
}

const part = ({all, wrong}) => (all === 0 ? null : wrong / all);

/** Whether two shares differ by more than chance: 95 %, with half a call added on each side (Agresti and Caffo). */
function differs(a, b) {
  const [p, q] = [a, b].map(({all, wrong}) => (wrong + 1) / (all + 2));
  const error = Math.sqrt((p * (1 - p)) / (a.all + 2) + (q * (1 - q)) / (b.all + 2));
  return Math.abs(p - q) > 1.96 * error;
}

/** Is it healthy? The share of calls that went wrong, how that went, and how it was before; the calls behind it. */
export function wentWrong(context) {
  const {period, signal, state} = context;
  const label = 'Calls that went wrong';
  return tileLater(label, async () => {
    // Without another set to compare with, the time before.
    const {sets} = context.sets.length > 1 ? context : setsOf({...state, compare: 'previous'});
    const split = {bucket: period.bucket, offset: period.offset || undefined};
    const said = [];
    const tell = (text, short) => said.push({text, short});
    const [answers, [over]] = await Promise.all([
      // Without a comparison, it does not matter whether the time before is whole.
      measureSets({sets, signal}, {metric: 'calls', by: 'endedBy'}, context.sets.length > 1 ? tell : undefined),
      measureSets(
        {sets: sets.slice(0, 1), signal},
        {metric: 'calls', by: 'endedBy', ...split},
        context.sets.length > 1 ? undefined : tell,
      ),
    ]);
    const [now, before = {all: 0, wrong: 0}] = answers.map(answer => counted(answer.groups));
    const isNews = now.all > 0 && before.all > 0 && differs(now, before);
    return tile({
      label,
      unit: 'share',
      value: part(now),
      more:
        now.all === 0
          ? 'no calls in this time'
          : [
              `${count(now.wrong)} of ${count(now.all)}`,
              before.all === 0 ? '' : isNews ? `; ${part(now) > part(before) ? 'up' : 'down'} from ` : '; before ',
              before.all === 0 ? '' : share(part(before)),
            ].join(''),
      said,
      into: now.all > 0 ? intoCalls(now.wrong > 0 ? {failed: 'yes'} : {}) : undefined,
      beside: trend(bucketsOf(period), over.groups),
    });
  });
}

/** The share of each bucket, as a small line without axes; its figures are in "How calls ended". */
function trend(xs, groups) {
  const at = new Map(xs.map((x, index) => [x, index]));
  const sums = xs.map(() => ({all: 0, wrong: 0}));
  for (const group of groups) {
    const sum = sums[at.get(Date.parse(group.at) / 1_000)];
    if (!sum) continue;
    sum.all += group.count;
    if (wentSo(group)) sum.wrong += group.count;
  }
  const most = Math.max(0.1, ...sums.map(sum => part(sum) ?? 0));
  const points = sums.flatMap((sum, index) =>
    sum.all === 0
      ? []
      : [`${((index / Math.max(1, xs.length - 1)) * 100).toFixed(1)},${(19 - (part(sum) / most) * 18).toFixed(1)}`],
  );
  if (points.length < 2) return '';
  return s(
    'svg',
    {class: 'trend c-rose', viewBox: '0 0 100 20', preserveAspectRatio: 'none', 'aria-hidden': 'true'},
    s('polyline', {points: points.join(' ')}),
  );
}
