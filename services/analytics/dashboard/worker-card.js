import {addressOf} from './api.js';
import {card, empty, h, table} from './dom.js';
import {measureSets} from './figures.js';
import {count, ms} from './format.js';
import {intoCalls, linkTo} from './url-state.js';

const AT_MOST = 12;
const BY_WORKER = {metric: 'platform_turn_gap', by: 'worker'};

/** The turn gap of each worker; a click on a worker opens its calls. */
export const workerCard = (first, signal) =>
  card(
    {
      title: 'By worker',
      about: 'platform turn gap; the slowest first',
      width: 'w6',
      csv: addressOf('/api/metrics.csv', {...first.filter, ...BY_WORKER}),
    },
    async (_, tell) => {
      const [a] = await measureSets({sets: [first], signal}, BY_WORKER, tell);
      if (a.groups.length === 0) return empty();
      // Each deployment adds workers: after months there are hundreds.
      const slowest = a.groups.toSorted((one, other) => other.p95 - one.p95).slice(0, AT_MOST);
      const rest = a.groups.length - slowest.length;
      return [
        table(
          'By worker',
          [
            ['worker', '', ({group: [worker]}) => h('a', {class: 'id', ...linkTo(intoCalls({worker}))}, worker)],
            ['turns', 'num', one => count(one.count)],
            ...['p50', 'p95', 'p99'].map(name => [name, 'num', one => ms(one[name])]),
          ],
          slowest,
        ),
        rest > 0
          ? h('p', {class: 'quiet note'}, `The slowest ${AT_MOST} of ${a.groups.length} workers; the CSV has all.`)
          : '',
      ];
    },
  );
