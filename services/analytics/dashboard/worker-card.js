import {addressOf} from './api.js';
import {card, empty, h, table} from './dom.js';
import {measureSets} from './figures.js';
import {count, ms} from './format.js';
import {intoCalls, linkTo} from './url-state.js';

const BY_WORKER = {metric: 'platform_turn_gap', by: 'worker'};

/** The turn gap of each worker; a click on a worker opens its calls. */
export const workerCard = (first, signal) =>
  card(
    {
      title: 'By worker',
      about: 'platform turn gap',
      width: 'w6',
      csv: addressOf('/api/metrics.csv', {...first.filter, ...BY_WORKER}),
    },
    async () => {
      const [a] = await measureSets({sets: [first], signal}, BY_WORKER);
      if (a.groups.length === 0) return empty();
      return table(
        'By worker',
        [
          ['worker', '', ({group: [worker]}) => h('a', {class: 'id', ...linkTo(intoCalls({worker}))}, worker)],
          ['turns', 'num', one => count(one.count)],
          ...['p50', 'p95', 'p99'].map(name => [name, 'num', one => ms(one[name])]),
        ],
        a.groups.slice(0, 12),
      );
    },
  );
