import {addressOf, get} from './api.js';
import {card, empty, h} from './dom.js';
import {measureSets, tilesOf} from './figures.js';
import {count, ms, niceStep} from './format.js';
import {spread} from './small-charts.js';
import {bucketsOf, timeChart, valuesOf} from './time-chart.js';

/** Barge-in: what happens when a caller speaks over the assistant. */
export function interruptions(context) {
  const {period, sets, signal} = context;
  const [first] = sets;
  const {bucket} = period;
  const xs = bucketsOf(period);
  const csv = metric => addressOf('/api/metrics.csv', {...first.filter, metric, bucket});

  const distribution = (metric, title, about, width, colour) =>
    card({title, about, width, csv: csv(metric)}, async () => {
      const figures = await measureSets(context, {metric});
      // A bin of a size that a person would choose, so that some thirty of them hold all but the longest values.
      const step = niceStep((figures[0].groups[0]?.p99 ?? 100) / 30);
      const [answer, other] = await Promise.all(
        sets.map(set => get('/api/histogram', {...set.filter, metric, step}, signal)),
      );
      const limit = (figures[0].groups[0]?.p99 ?? 0) * 1.35;
      return spread({
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
      const answers = await measureSets(context, {metric: 'barge_ins', bucket});
      return timeChart(body, {
        xs,
        unit: 'count',
        series: answers.map((answer, index) => ({
          label: sets[index].label,
          colour: index === 0 ? 'accent' : 'amber',
          fill: index === 0,
          values: valuesOf(answer.groups, xs, group => group.mean, {shift: sets[index].shift}),
        })),
      });
    }),
    card({title: 'How fast the assistant stops', about: 't_stop', width: 'w6', csv: csv('t_stop')}, async body => {
      const [a] = await measureSets(context, {metric: 't_stop', bucket});
      const line = (name, colour) => ({label: name, colour, values: valuesOf(a.groups, xs, group => group[name])});
      return timeChart(body, {
        xs,
        unit: 'ms',
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
    card({title: 'By assistant', width: ''}, async () => {
      const [calls, reaction, stop, falses] = await Promise.all(
        ['barge_ins', 'barge_in_reaction', 't_stop', 'false_interruptions'].map(metric =>
          get('/api/metrics', {...first.filter, metric, by: 'assistant'}, signal),
        ),
      );
      if (calls.groups.length === 0) return empty();
      const find = (answer, name) => answer.groups.find(group => group.group[0] === name);
      return h(
        'div',
        {class: 'scroll'},
        h(
          'table',
          {},
          h(
            'thead',
            {},
            h(
              'tr',
              {},
              h('th', {}, 'assistant'),
              ...['calls', 'interruptions', 'per call', 'false', 'reaction p95', 't_stop p50', 't_stop p95'].map(name =>
                h('th', {class: 'num'}, name),
              ),
            ),
          ),
          h(
            'tbody',
            {},
            calls.groups.map(one => {
              const [name] = one.group;
              const cells = [
                count(one.count),
                count(one.sum),
                one.mean.toFixed(2),
                count(find(falses, name)?.sum ?? 0),
                ms(find(reaction, name)?.p95),
                ms(find(stop, name)?.p50),
                ms(find(stop, name)?.p95),
              ];
              return h(
                'tr',
                {},
                h('td', {}, name),
                cells.map(cell => h('td', {class: 'num'}, cell)),
              );
            }),
          ),
        ),
      );
    }),
  ];
}

const tiles = context =>
  tilesOf(context, [
    [
      'barge_ins',
      {
        label: 'Interruptions',
        counts: true,
        pick: group => group.sum,
        unit: 'count',
        more: group => `${group.mean?.toFixed(2) ?? '–'} per call`,
      },
    ],
    [
      'barge_in_reaction',
      {label: 'Reaction, p95', pick: group => group.p95, better: 'less', more: group => `median ${ms(group.p50)}`},
    ],
    [
      't_stop',
      {label: 't_stop, p95', pick: group => group.p95, better: 'less', more: group => `median ${ms(group.p50)}`},
    ],
    ['talk_over', {label: 'Talk-over, median', better: 'less', more: group => `p95 ${ms(group.p95)}`}],
    ['unheard_audio', {label: 'Unheard, median', more: group => `${ms(group.sum)} in all`}],
    [
      'false_interruptions',
      {label: 'False interruptions', counts: true, pick: group => group.sum, unit: 'count', better: 'less'},
    ],
    ['truncation_uncertainty', {label: 'Uncertainty, p95', pick: group => group.p95, better: 'less'}],
  ]);

/** The few longest values are counted, not drawn. */
function cut(answer, limit) {
  const beyond = answer.bins.filter(bin => bin.from >= limit).reduce((sum, bin) => sum + bin.count, 0);
  return {...answer, bins: answer.bins.filter(bin => bin.from < limit), beyond};
}
