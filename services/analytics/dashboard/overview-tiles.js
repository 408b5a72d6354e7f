import {tilesOf} from './figures.js';
import {count, ms} from './format.js';
import {atLeast, intoCalls} from './url-state.js';
import {wentWrong} from './went-wrong.js';

/** The figures at the top of the overview; each opens the calls behind it. */
export const overviewTiles = context =>
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
      'wait_at_hang_up',
      {
        label: 'Hung up while waiting',
        figure: 'count',
        unit: 'count',
        more: group => `waited ${ms(group.p50)}; p95 ${ms(group.p95)}`,
        into: () => intoCalls({has: 'wait_at_hang_up:0:'}),
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
