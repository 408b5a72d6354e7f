import {addressOf, get} from './api.js';
import {card} from './dom.js';
import {together} from './missing.js';
import {heatMap} from './small-charts.js';
import {zone, zoneName} from './zone.js';

/** How many calls started in each hour of the week. */
export function whenCard(first, signal) {
  const question = {...first.filter, zone: zone()};
  return card(
    {
      title: 'When people call',
      about: `by hour and weekday, ${zoneName()}`,
      width: 'w6',
      csv: addressOf('/api/calls-by-hour.csv', question),
    },
    async (_, tell) => {
      const [{hours}] = together([first], [await get('/api/calls-by-hour', question, signal)], tell);
      return heatMap(hours);
    },
  );
}
