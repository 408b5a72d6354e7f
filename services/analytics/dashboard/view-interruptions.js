import {addressOf, get} from './api.js';
import {card, empty, table} from './dom.js';
import {measureSets, tilesOf} from './figures.js';
import {count, ms, niceStep} from './format.js';
import {spread} from './small-charts.js';
import {atLeast, intoCalls} from './url-state.js';
import {bucketsOf, timeChart, valuesOf} from './time-chart.js';

/** Barge-in: what happens when a caller speaks over the assistant. */
export function interruptions(context) {
  const {period, sets, signal} = context;
  const [first] = sets;
  const split = {bucket: period.bucket, offset: period.offset || undefined};
  const xs = bucketsOf(period);
  const csv = metric => addressOf('/api/metrics.csv', {...first.filter, metric, ...split});

  const distribution = (metric, title, about, width, colour) =>
    card({title, about, width, csv: csv(metric)}, async () => {
      const figures = await measureSets(context, {metric});
      const {p95 = 0, p99 = 0} = figures[0].groups[0] ?? {};
      // A few values that are far longer than all others would leave one column for those.
      const reach = Math.min(p99, 3 * p95) || p99;
      // A bin of a size that a person would choose, so that some thirty of them hold all but the longest values.
      const step = niceStep((reach || 100) / 30);
      const [answer, other] = await Promise.all(
        sets.map(set => get('/api/histogram', {...set.filter, metric, step}, signal)),
      );
      const limit = Math.max(reach * 1.35, step);
      return spread({
        title,
        into: (from, to) => intoCalls({has: `${metric}:${from}:${to}`}),
        answer: cut(answer, limit),
        other: other && cut(other, limit),
        figures: figures[0].groups[0],
        colour,
      });
    });

  return [
    tiles(context),
    distribution('barge_in_reaction', 'Barge-in reaction', 'speech_started received → clear sent', 'w6', 'accent'),
    distribution('t_stop', 't_stop', 'onset of speech → silence', 'w6', 'teal'),
    card({title: 'Interruptions per call', about: 'mean', width: 'w6', csv: csv('barge_ins')}, async body => {
      const answers = await measureSets(context, {metric: 'barge_ins', ...split});
      return timeChart(body, {
        xs,
        unit: 'count',
        into: {interrupted: 'yes'},
        series: answers.map((answer, index) => ({
          label: sets[index].label,
          colour: index === 0 ? 'accent' : 'amber',
          fill: index === 0,
          values: valuesOf(answer.groups, xs, group => group.mean, {shift: sets[index].shift}),
        })),
      });
    }),
    card({title: 'How fast the assistant stops', about: 't_stop', width: 'w6', csv: csv('t_stop')}, async body => {
      const [a] = await measureSets(context, {metric: 't_stop', ...split});
      const line = (name, colour) => ({label: name, colour, values: valuesOf(a.groups, xs, group => group[name])});
      return timeChart(body, {
        xs,
        unit: 'ms',
        into: {interrupted: 'yes'},
        series: [line('p50', 'teal'), line('p95', 'amber'), line('p99', 'rose')],
      });
    }),
    distribution('unheard_audio', 'Unheard audio', 'generated, and cut off by the interruption', 'w6', 'sky'),
    distribution(
      'truncation_uncertainty',
      'Truncation uncertainty',
      'how wrong the truncation can be at most',
      'w6',
      'moss',
    ),
    card(
      {
        title: 'By assistant',
        csv: Object.fromEntries(
          [
            ['interruptions', 'barge_ins'],
            ['reaction', 'barge_in_reaction'],
            ['t_stop', 't_stop'],
          ].map(([what, metric]) => [what, addressOf('/api/metrics.csv', {...first.filter, metric, by: 'assistant'})]),
        ),
      },
      async () => {
        const [calls, reaction, stop, falses] = await Promise.all(
          ['barge_ins', 'barge_in_reaction', 't_stop', 'false_interruptions'].map(metric =>
            get('/api/metrics', {...first.filter, metric, by: 'assistant'}, signal),
          ),
        );
        if (calls.groups.length === 0) return empty();
        const find = (answer, {group: [name]}) => answer.groups.find(group => group.group[0] === name);
        return table(
          'By assistant',
          [
            ['assistant', '', one => one.group[0]],
            ['calls', 'num', one => count(one.count)],
            ['interruptions', 'num', one => count(one.sum)],
            ['per call', 'num', one => one.mean.toFixed(2)],
            ['false', 'num', one => count(find(falses, one)?.sum ?? 0)],
            ['reaction p95', 'num', one => ms(find(reaction, one)?.p95)],
            ['t_stop p50', 'num', one => ms(find(stop, one)?.p50)],
            ['t_stop p95', 'num', one => ms(find(stop, one)?.p95)],
          ],
          calls.groups,
        );
      },
    ),
  ];
}

/** The calls that were worse than most. */
const beyond = metric => group => atLeast(metric, group.p95);

const tiles = context =>
  tilesOf(context, [
    [
      'barge_ins',
      {
        label: 'Interruptions',
        figure: 'sum',
        unit: 'count',
        more: group => `${group.mean?.toFixed(2) ?? '–'} per call`,
        into: () => intoCalls({interrupted: 'yes'}),
      },
    ],
    ...[
      ['barge_in_reaction', 'Reaction, p95'],
      ['t_stop', 'Silent after a caller begins, p95'],
    ].map(([metric, label]) => [
      metric,
      {label, figure: 'p95', better: 'less', more: group => `median ${ms(group.p50)}`, into: beyond(metric)},
    ]),
    [
      'talk_over',
      {
        label: 'Talk-over, median',
        better: 'less',
        more: group => `p95 ${ms(group.p95)}`,
        into: beyond('talk_over'),
      },
    ],
    [
      'unheard_audio',
      {label: 'Unheard, median', more: group => `${ms(group.sum)} total`, into: beyond('unheard_audio')},
    ],
    [
      'false_interruptions',
      {
        label: 'False interruptions',
        figure: 'sum',
        unit: 'count',
        better: 'less',
        into: () => intoCalls({has: 'false_interruptions:1:'}),
      },
    ],
    [
      'truncation_uncertainty',
      {label: 'Uncertainty, p95', figure: 'p95', better: 'less', into: beyond('truncation_uncertainty')},
    ],
  ]);

/** The few longest values are counted, not drawn. */
function cut(answer, limit) {
  const beyond = answer.bins.filter(bin => bin.from >= limit).reduce((sum, bin) => sum + bin.count, 0);
  return {...answer, bins: answer.bins.filter(bin => bin.from < limit), beyond};
}
