import {addressOf} from './api.js';
import {card, empty, h, table as rowsTable} from './dom.js';
import {measureSets, tilesOf} from './figures.js';
import {count, ms, share, usd} from './format.js';
import {atLeast, intoCalls, linkTo} from './url-state.js';
import {bucketsOf, timeChart, valuesOf} from './time-chart.js';

/** What calls cost, and how the tools perform. */
export function cost(context) {
  const {period, sets, signal} = context;
  const [first] = sets;
  const split = {bucket: period.bucket, offset: period.offset || undefined};
  const xs = bucketsOf(period);
  const csv = metric => addressOf('/api/metrics.csv', {...first.filter, metric, ...split});
  const ask = async (tell, metric, extra) => (await measureSets({sets: [first], signal}, {metric, ...extra}, tell))[0];

  return [
    tiles(context),
    card(
      {title: 'Cost', about: 'US dollars in each time bucket', width: 'w6', csv: csv('cost')},
      async (body, tell) => {
        const answers = await measureSets(context, {metric: 'cost', ...split}, tell);
        return timeChart(body, {
          xs,
          unit: 'usd',
          series: answers.map((answer, index) => ({
            label: sets[index].label,
            colour: index === 0 ? 'accent' : 'amber',
            bars: index === 0,
            values: valuesOf(answer.groups, xs, group => group.sum, {shift: sets[index].shift, missing: 0}),
          })),
        });
      },
    ),
    card(
      {
        title: 'Tokens',
        about: 'cached tokens are part of the input',
        width: 'w6',
        csv: {
          'audio out': csv('tokens_output_audio'),
          'text out': csv('tokens_output_text'),
          'audio in': csv('tokens_input_audio'),
          'text in': csv('tokens_input_text'),
        },
      },
      async (body, tell) => {
        const names = [
          ['tokens_output_audio', 'audio out', 'accent'],
          ['tokens_output_text', 'text out', 'sky'],
          ['tokens_input_audio', 'audio in', 'teal'],
          ['tokens_input_text', 'text in', 'moss'],
        ];
        const answers = await Promise.all(names.map(([metric]) => ask(tell, metric, split)));
        return timeChart(body, {
          xs,
          unit: 'tokens',
          stacked: true,
          series: names.map(([, label, colour], index) => ({
            label,
            colour,
            values: valuesOf(answers[index].groups, xs, group => group.sum, {missing: 0}),
          })),
        });
      },
    ),
    card(
      {
        title: 'Cost by assistant and model',
        width: 'w6',
        csv: addressOf('/api/metrics.csv', {...first.filter, metric: 'cost', by: 'assistant,model'}),
      },
      async (_, tell) => {
        const [money, minutes] = await Promise.all([
          ask(tell, 'cost', {by: 'assistant,model'}),
          ask(tell, 'call_duration', {by: 'assistant,model'}),
        ]);
        if (money.groups.length === 0) return empty();
        const lengthOf = group => minutes.groups.find(one => one.group.join() === group.join())?.sum ?? 0;
        return table(
          ['assistant', 'model'],
          ['calls', 'per call', 'per minute', 'total'],
          money.groups.map(one => [
            ...one.group,
            count(one.count),
            usd(one.mean),
            usd(one.sum / (lengthOf(one.group) / 60_000)),
            usd(one.sum),
          ]),
        );
      },
    ),
    card(
      {
        title: 'Tools',
        about: 'from the request of the model to the result; a call that ended before is left out',
        width: 'w6',
        csv: addressOf('/api/metrics.csv', {...first.filter, metric: 'tool_duration', by: 'tool,ok'}),
      },
      async (_, tell) => {
        const [all, split] = await Promise.all([
          ask(tell, 'tool_duration', {by: 'tool'}),
          ask(tell, 'tool_duration', {by: 'tool,ok'}),
        ]);
        if (all.groups.length === 0) return empty('No tool was called.');
        const failed = name => split.groups.find(one => one.group[0] === name && one.group[1] === 'false')?.count ?? 0;
        return table(
          ['tool'],
          ['results', 'failed', 'p50', 'p95', 'p99', 'total'],
          all.groups.map(one => [
            h('a', linkTo(intoCalls({tool: one.group[0]})), one.group[0]),
            count(one.count),
            share(failed(one.group[0]) / one.count),
            ms(one.p50),
            ms(one.p95),
            ms(one.p99),
            ms(one.sum),
          ]),
        );
      },
    ),
  ];
}

/** Rows of texts, or of links: first names, then figures. */
const table = (names, figures, rows) =>
  rowsTable(
    names.join(' and '),
    [...names, ...figures].map((name, index) => [name, index < names.length ? '' : 'num', row => row[index]]),
    rows,
  );

const tiles = context =>
  tilesOf(context, [
    ['cost', {label: 'Cost', figure: 'sum', into: () => intoCalls({})}],
    [
      'cost',
      {
        label: 'Cost per call',
        figure: 'mean',
        better: 'less',
        more: group => `p95 ${usd(group.p95)}`,
        into: group => atLeast('cost', group.p95),
      },
    ],
    ...[
      ['tokens_input_audio', 'Audio tokens in'],
      ['tokens_input_cached', 'Cached tokens in', 'more'],
      ['tokens_output_audio', 'Audio tokens out'],
    ].map(([metric, label, better]) => [
      metric,
      {label, figure: 'sum', better, into: group => atLeast(metric, group.p95)},
    ]),
    [
      'tool_calls_per_call',
      {
        label: 'Tool calls',
        figure: 'sum',
        unit: 'count',
        more: group => `${group.mean.toFixed(1)} per call`,
        into: () => intoCalls({has: 'tool_calls_per_call:1:'}),
      },
    ],
  ]);
