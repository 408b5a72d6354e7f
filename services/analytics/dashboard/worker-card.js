import {card, empty, h} from './dom.js';
import {measureSets} from './figures.js';
import {count, ms} from './format.js';
import {change} from './url-state.js';

/** The turn gap of each worker; a click on a worker filters by it. */
export const workerCard = (first, signal) =>
  card({title: 'By worker', about: 'platform turn gap', width: 'w6'}, async () => {
    const [a] = await measureSets({sets: [first], signal}, {metric: 'platform_turn_gap', by: 'worker'});
    if (a.groups.length === 0) return empty();
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
            h('th', {}, 'worker'),
            ...['turns', 'p50', 'p95', 'p99'].map(name => h('th', {class: 'num'}, name)),
          ),
        ),
        h(
          'tbody',
          {},
          a.groups.slice(0, 12).map(({group: [worker], ...one}) =>
            h(
              'tr',
              {},
              h(
                'td',
                {},
                h(
                  'a',
                  {
                    href: `?worker=${encodeURIComponent(worker)}`,
                    onclick: event => {
                      event.preventDefault();
                      change({worker});
                    },
                  },
                  worker,
                ),
              ),
              h('td', {class: 'num'}, count(one.count)),
              ...['p50', 'p95', 'p99'].map(name => h('td', {class: 'num'}, ms(one[name]))),
            ),
          ),
        ),
      ),
    );
  });
