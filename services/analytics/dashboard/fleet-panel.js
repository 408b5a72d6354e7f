import {h, s} from './dom.js';
import {count, ms} from './format.js';
import {feed} from './live.js';

const sum = (members, name) => members.reduce((total, member) => total + member[name], 0);

/** Active calls, per worker and edge. */
export function fleetPanel() {
  const {fleet, fleetAt, connected} = feed;
  if (!fleet) return h('p', {class: 'empty loading'}, 'Loading…');
  if (fleet.unknown)
    return h('p', {class: 'empty'}, 'Redis is away, so workers and edges cannot be listed. No record is lost.');
  const kinds = [
    ['Workers', fleet.workers],
    ['Edges', fleet.edges],
  ];
  if (kinds.every(([, members]) => members.length === 0))
    return h('p', {class: 'empty'}, 'No worker and no edge is running.');
  const old = connected
    ? []
    : [h('p', {class: 'pill warn'}, `not connected: as it was at ${fleetAt.toLocaleTimeString('en-GB')}`)];
  return [
    ...old,
    ...kinds.map(([title, members]) => {
      const calls = sum(members, 'calls');
      const capacity = sum(members, 'capacity');
      const full = capacity > 0 && calls >= capacity;
      return h(
        'div',
        {class: 'members'},
        h(
          'div',
          {class: 'quiet'},
          `${title}: ${count(calls)} of ${count(capacity)} calls `,
          full
            ? h('span', {class: 'pill bad'}, 'full: callers hear the overload message')
            : members.length === 0
              ? h('span', {class: 'pill bad'}, 'none')
              : '',
        ),
        members.map(memberRow),
      );
    }),
  ];
}

function memberRow({id, calls, capacity, state, lagMs}) {
  const part = capacity > 0 ? Math.min(1, calls / capacity) : 0;
  return h(
    'div',
    {class: 'member', title: lagMs === null ? id : `${id}: event loop lag ${ms(lagMs)}`},
    h('span', {}, id),
    s(
      'svg',
      {
        viewBox: '0 0 100 10',
        preserveAspectRatio: 'none',
        class: part > 0.9 ? 'c-rose' : part > 0.7 ? 'c-amber' : 'c-teal',
        'aria-hidden': 'true',
      },
      s('rect', {class: 'track', width: 100, height: 10, rx: 1.2}),
      s('rect', {class: 'bar', width: part * 100, height: 10, rx: 1.2}),
    ),
    h('span', {class: 'num'}, `${calls}/${capacity}`, state === 'ready' ? '' : h('span', {class: 'pill warn'}, state)),
  );
}
