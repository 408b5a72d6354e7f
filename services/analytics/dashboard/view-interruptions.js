import {addressOf} from './api.js';
import {card, empty, table} from './dom.js';
import {askSets, measureSets, tilesOf} from './figures.js';
import {known} from './filters.js';
import {count, moment, ms, niceStep} from './format.js';
import {spread} from './small-charts.js';
import {atLeast, intoCalls, shortVersion} from './url-state.js';
import {bucketsOf, timeChart, valuesOf} from './time-chart.js';

/** Barge-in: what happens when a caller speaks over the assistant. */
export function interruptions(context) {
  const {period, sets, signal} = context;
  const [first] = sets;
  const split = {bucket: period.bucket, offset: period.offset || undefined};
  const xs = bucketsOf(period);
  const csv = metric => addressOf('/api/metrics.csv', {...first.filter, metric, ...split});

  const distribution = (metric, title, about, width, colour) =>
    card({title, about, width, csv: csv(metric)}, async (_, tell) => {
      const figures = await measureSets(context, {metric}, tell);
      const {p95 = 0, p99 = 0} = figures[0].groups[0] ?? {};
      // A few values that are far longer than all others would leave one column for those.
      const reach = Math.min(p99, 3 * p95) || p99;
      // A bin of a size that a person would choose, so that some thirty of them hold all but the longest values.
      const step = niceStep((reach || 100) / 30);
      const [answer, other] = await askSets(context, '/api/histogram', {metric, step});
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
    card({title: 'Interruptions per call', about: 'mean', width: 'w6', csv: csv('barge_ins')}, async (body, tell) => {
      const answers = await measureSets(context, {metric: 'barge_ins', ...split}, tell);
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
    card(
      {title: 'How fast the assistant stops', about: 't_stop', width: 'w6', csv: csv('t_stop')},
      async (body, tell) => {
        const [a] = await measureSets({sets: [first], signal}, {metric: 't_stop', ...split}, tell);
        const line = (name, colour) => ({label: name, colour, values: valuesOf(a.groups, xs, group => group[name])});
        return timeChart(body, {
          xs,
          unit: 'ms',
          into: {interrupted: 'yes'},
          series: [line('p50', 'teal'), line('p95', 'amber'), line('p99', 'rose')],
        });
      },
    ),
    distribution('unheard_audio', 'Unheard audio', 'generated, and cut off by the interruption', 'w6', 'sky'),
    distribution(
      'truncation_uncertainty',
      'Truncation uncertainty',
      'how wrong the truncation can be at most',
      'w6',
      'moss',
    ),
    ofGroups(first, signal, {title: 'By assistant', by: 'assistant'}),
    ofGroups(first, signal, {title: 'By version', by: 'assistant,version'}),
  ];
}

/** The same figures of each assistant, or of each of its versions. */
const ofGroups = (first, signal, {title, by}) =>
  card(
    {
      title,
      csv: Object.fromEntries(
        [
          ['interruptions', 'barge_ins'],
          ['reaction', 'barge_in_reaction'],
          ['t_stop', 't_stop'],
        ].map(([what, metric]) => [what, addressOf('/api/metrics.csv', {...first.filter, metric, by})]),
      ),
    },
    async (_, tell) => {
      const [calls, reaction, stop, falses] = await Promise.all(
        ['barge_ins', 'barge_in_reaction', 't_stop', 'false_interruptions'].map(metric =>
          measureSets({sets: [first], signal}, {metric, by}, tell),
        ),
      ).then(answers => answers.map(([answer]) => answer));
      if (calls.groups.length === 0) return empty();
      const find = (answer, {group}) => answer.groups.find(other => other.group.join() === group.join());
      return table(
        title,
        [
          ['assistant', '', one => one.group[0]],
          ...(by.includes('version') ? [['version', '', one => versionName(one.group)]] : []),
          ['calls', 'num', one => count(one.count)],
          ['interruptions', 'num', one => count(one.sum)],
          ['per call', 'num', one => one.mean.toFixed(2)],
          ['false', 'num', one => count(find(falses, one)?.sum ?? 0)],
          ['reaction p95', 'num', one => ms(find(reaction, one)?.p95)],
          ['t_stop p50', 'num', one => ms(find(stop, one)?.p50)],
          ['t_stop p95', 'num', one => ms(find(stop, one)?.p95)],
        ],
        calls.groups,
        {tall: true},
      );
    },
  );

/** A version as people read it out, and since when there is one. */
function versionName([assistant, version]) {
  if (version === null) return 'not known';
  const since = known.versions.find(one => one.assistant === assistant && one.version === version)?.first;
  return `${shortVersion(version)}${since ? `, since ${moment(since)}` : ''}`;
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
