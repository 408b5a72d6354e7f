import {addressOf, get} from './api.js';
import {card, h} from './dom.js';
import {END_REASONS} from './end-reasons.js';
import {measureSets, tilesOf} from './figures.js';
import {atLeast, intoCalls} from './url-state.js';
import {wentWrong} from './went-wrong.js';
import {count, ms} from './format.js';
import {finishedCard, fleetCard} from './live-cards.js';
import {bars} from './small-charts.js';
import {bucketsOf, timeChart, valuesOf} from './time-chart.js';
import {whenCard} from './when-card.js';
import {workerCard} from './worker-card.js';

const END_COLOURS = {caller: 'teal', assistant: 'accent', operator: 'sky', platform: 'rose'};

/** What an analyst looks at first: active calls, how many there were, their latency, and how they ended. */
export function overview(context) {
  const {period, sets, signal} = context;
  const [first] = sets;
  const split = {bucket: period.bucket, offset: period.offset || undefined};
  const xs = bucketsOf(period);
  const over = (metric, by) => measureSets(context, {metric, ...split, ...(by ? {by} : {})});
  const csv = (metric, extra = {}) => addressOf('/api/metrics.csv', {...first.filter, metric, ...split, ...extra});

  return [
    tiles(context),
    fleetCard(),
    finishedCard(context),
    card(
      {
        title: 'Platform turn gap',
        about: 'last caller speech in → first assistant audio out',
        width: 'w8',
        csv: csv('platform_turn_gap'),
      },
      async body => {
        const [a, b] = await over('platform_turn_gap');
        const line = (answer, set, name, colour, dash) => ({
          label: `${name}${dash ? ` (${set.label})` : ''}`,
          colour,
          dash,
          values: valuesOf(answer.groups, xs, group => group[name], {shift: set.shift}),
        });
        return timeChart(body, {
          xs,
          unit: 'ms',
          height: 240,
          series: [
            line(a, first, 'p50', 'accent'),
            line(a, first, 'p95', 'amber'),
            line(a, first, 'p99', 'rose'),
            ...(b ? [line(b, sets[1], 'p50', 'accent', true), line(b, sets[1], 'p95', 'amber', true)] : []),
          ],
        });
      },
    ),
    card(
      {
        title: 'How calls ended',
        width: 'w4',
        csv: addressOf('/api/metrics.csv', {...first.filter, metric: 'calls', by: 'endReason'}),
      },
      async () => {
        const [a] = await measureSets({sets: [first], signal}, {metric: 'calls', by: 'endReason'});
        return bars(
          a.groups
            .map(({group: [reason], count: value}) => ({
              label: reason,
              value,
              into: intoCalls({endReason: reason}),
              colour: END_COLOURS[END_REASONS[reason]?.endedBy],
            }))
            .toSorted((x, y) => y.value - x.value),
        );
      },
    ),
    card({title: 'Calls', about: 'started in each time bucket', width: 'w6', csv: csv('calls')}, async body => {
      const [a, b] = await over('calls');
      return timeChart(body, {
        xs,
        unit: 'count',
        series: [
          {
            label: 'calls',
            colour: 'accent',
            bars: true,
            values: valuesOf(a.groups, xs, group => group.count, {missing: 0}),
          },
          ...(b
            ? [
                {
                  label: sets[1].label,
                  colour: 'amber',
                  values: valuesOf(b.groups, xs, group => group.count, {shift: sets[1].shift, missing: 0}),
                },
              ]
            : []),
        ],
      });
    }),
    card(
      {
        title: 'Concurrent calls',
        about: 'the peak of each time bucket',
        width: 'w6',
        csv: addressOf('/api/concurrency.csv', {...first.filter, ...split}),
      },
      async body => {
        const answers = await Promise.all(sets.map(set => get('/api/concurrency', {...set.filter, ...split}, signal)));
        return timeChart(body, {
          xs,
          unit: 'count',
          series: answers.map((answer, index) => ({
            label: index === 0 ? 'peak' : sets[index].label,
            colour: index === 0 ? 'teal' : 'amber',
            fill: index === 0,
            values: valuesOf(answer.buckets, xs, one => one.peak, {shift: sets[index].shift, missing: 0}),
          })),
        });
      },
    ),
    card(
      {
        title: 'Where the time goes',
        about: 'means: only they add up',
        width: 'w6',
        csv: {
          'end of turn': csv('end_of_turn_delay'),
          model: csv('model_ttfb'),
          tools: csv('tool_time'),
          up: csv('hop_up'),
          down: csv('hop_down'),
        },
      },
      async body => {
        const names = ['end_of_turn_delay', 'model_ttfb', 'tool_time', 'hop_up', 'hop_down'];
        const [delay, model, tools, up, down] = await Promise.all(
          names.map(metric => measureSets({sets: [first], signal}, {metric, ...split})),
        );
        const mean = ([answer]) => valuesOf(answer.groups, xs, group => group.mean);
        const hops = mean(up).map((value, index) => (value === null ? null : value + (mean(down)[index] ?? 0)));
        const nothing = timeChart(body, {
          xs,
          unit: 'ms',
          stacked: true,
          series: [
            {label: 'end of turn', colour: 'sky', values: mean(delay)},
            {label: 'model', colour: 'accent', values: mean(model)},
            {label: 'tools', colour: 'amber', values: mean(tools)},
            {label: 'our hops', colour: 'rose', values: hops},
          ],
        });
        if (nothing) return nothing;
        // Too thin to be seen in the picture.
        body.append(await hopsNote(context));
        return undefined;
      },
    ),
    whenCard(first, signal),
    card(
      {
        title: 'Reliability',
        csv: addressOf('/api/metrics.csv', {...first.filter, metric: 'failover_gap', by: 'kind'}),
        about: 'failovers by kind; gap: how long the caller could not be heard',
        width: 'w6',
      },
      async () => {
        const [a] = await measureSets({sets: [first], signal}, {metric: 'failover_gap', by: 'kind'});
        return bars(
          a.groups.map(({group: [kind], count: value, p95}) => ({
            label: `${kind} · p95 ${ms(p95)}`,
            value,
            into: intoCalls({failoverKind: kind}),
          })),
          {colour: 'amber'},
        );
      },
    ),
    workerCard(first, signal),
  ];
}

/** What the path between caller and model adds, as a number. */
async function hopsNote({sets: [first], signal}) {
  const [[up], [down], [gap]] = await Promise.all(
    ['hop_up', 'hop_down', 'platform_turn_gap'].map(metric => measureSets({sets: [first], signal}, {metric})),
  );
  const [a, b, all] = [up, down, gap].map(answer => answer.groups[0]?.mean);
  const known = typeof a === 'number' && typeof b === 'number' && typeof all === 'number';
  return h('p', {class: 'quiet note'}, known ? `Our hops are ${ms(a + b)} of a mean turn gap of ${ms(all)}.` : '');
}

const tiles = context =>
  tilesOf(context, [
    wentWrong(context),
    ['calls', {label: 'Calls', figure: 'count', unit: 'count', into: () => intoCalls({})}],
    [
      'platform_turn_gap',
      {
        label: 'Turn gap, median',
        better: 'less',
        more: group => `p95\u00A0${ms(group.p95)} · p99\u00A0${ms(group.p99)}`,
        into: group => atLeast('platform_turn_gap', group.p95),
      },
    ],
    [
      'time_to_first_audio',
      {
        label: 'Time to first audio, median',
        better: 'less',
        more: group => `p95 ${ms(group.p95)}`,
        into: group => atLeast('time_to_first_audio', group.p95),
      },
    ],
    [
      't_stop',
      {
        label: 'Silent after a caller begins, p95',
        figure: 'p95',
        better: 'less',
        more: group => `t_stop; median ${ms(group.p50)}`,
        into: group => atLeast('t_stop', group.p95),
      },
    ],
    [
      'barge_ins',
      {
        label: 'Interruptions, mean',
        figure: 'mean',
        unit: 'count',
        better: 'less',
        more: group => `per call; ${count(group.sum)} total`,
        into: () => intoCalls({interrupted: 'yes'}),
      },
    ],
    [
      'call_duration',
      {
        label: 'Length, median',
        more: group => `p95 ${ms(group.p95)}`,
        into: group => atLeast('call_duration', group.p95),
      },
    ],
    [
      'cost',
      {
        label: 'Cost per call',
        figure: 'mean',
        better: 'less',
        more: group => `$${group.sum?.toFixed(2) ?? '–'} total`,
        into: group => atLeast('cost', group.p95),
      },
    ],
  ]);
