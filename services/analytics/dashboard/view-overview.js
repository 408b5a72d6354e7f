import {addressOf} from './api.js';
import {card, h} from './dom.js';
import {END_REASONS} from './end-reasons.js';
import {askSets, measureSets} from './figures.js';
import {overviewTiles} from './overview-tiles.js';
import {intoCalls} from './url-state.js';
import {ms} from './format.js';
import {finishedCard, fleetCard} from './live-cards.js';
import {bars} from './small-charts.js';
import {bucketsOf, timeChart, valuesOf} from './time-chart.js';
import {waitsCard} from './waits-card.js';
import {whenCard} from './when-card.js';
import {workerCard} from './worker-card.js';

const END_COLOURS = {caller: 'teal', assistant: 'accent', operator: 'sky', platform: 'rose'};

/** What an analyst looks at first: active calls, how many there were, their latency, and how they ended. */
export function overview(context) {
  const {period, sets, signal} = context;
  const [first] = sets;
  const split = {bucket: period.bucket, offset: period.offset || undefined};
  const xs = bucketsOf(period);
  const over = (metric, tell) => measureSets(context, {metric, ...split}, tell);
  const alone = {sets: [first], signal};
  const csv = (metric, extra = {}) => addressOf('/api/metrics.csv', {...first.filter, metric, ...split, ...extra});

  return [
    overviewTiles(context),
    fleetCard(),
    finishedCard(context),
    card(
      {
        title: 'Platform turn gap',
        about: 'last caller speech in → first assistant audio out',
        width: 'w8',
        csv: csv('platform_turn_gap'),
      },
      async (body, tell) => {
        const [a, b] = await over('platform_turn_gap', tell);
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
      async (_, tell) => {
        const [a] = await measureSets(alone, {metric: 'calls', by: 'endReason'}, tell);
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
    card({title: 'Calls', about: 'started in each time bucket', width: 'w6', csv: csv('calls')}, async (body, tell) => {
      const [a, b] = await over('calls', tell);
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
      async (body, tell) => {
        const answers = await askSets(context, '/api/concurrency', split, tell);
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
        csv: addressOf('/api/turn-parts.csv', {...first.filter, ...split}),
      },
      async (body, tell) => {
        const [{buckets}] = await askSets(alone, '/api/turn-parts', split, tell);
        const mean = pick => valuesOf(buckets, xs, pick);
        const nothing = timeChart(body, {
          xs,
          unit: 'ms',
          stacked: true,
          series: [
            {label: 'end of turn', colour: 'sky', values: mean(one => one.endOfTurnDelay)},
            {label: 'model', colour: 'accent', values: mean(one => one.modelTtfb)},
            {label: 'tools', colour: 'amber', values: mean(one => one.toolTime)},
            {label: 'our hops', colour: 'rose', values: mean(hopsOf)},
          ],
        });
        if (nothing) return nothing;
        // Too thin to be seen in the picture.
        const hops = meanOf(buckets, hopsOf);
        if (hops > 0) body.append(h('p', {class: 'quiet note'}, `Our hops take ${ms(hops)} on average.`));
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
      async (_, tell) => {
        const [a] = await measureSets(alone, {metric: 'failover_gap', by: 'kind'}, tell);
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
    waitsCard(first, signal),
    workerCard(first, signal),
  ];
}

const hopsOf = ({hopUp, hopDown}) => (hopUp === null ? null : hopUp + (hopDown ?? 0));

/** The mean over all turns, from those of each time bucket. */
function meanOf(buckets, pick) {
  const some = buckets.filter(one => pick(one) !== null);
  const turns = some.reduce((sum, one) => sum + one.turns, 0);
  return turns === 0 ? 0 : some.reduce((sum, one) => sum + pick(one) * one.turns, 0) / turns;
}
