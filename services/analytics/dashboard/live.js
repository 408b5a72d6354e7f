import {h, s} from './dom.js';
import {count, ms} from './format.js';

/** What the server has told since the page was opened: the fleet now, and the calls that have just finished. */
export const live = new EventTarget();
export const told = {connected: false, fleet: undefined, calls: []};

let source;

export function follow() {
  source?.close();
  source = new EventSource('/api/live');
  const say = name => live.dispatchEvent(new Event(name));
  source.addEventListener('open', () => {
    told.connected = true;
    say('status');
  });
  source.addEventListener('error', () => {
    told.connected = false;
    say('status');
    // A browser gives up on an answer that is not a stream; a server that restarts gives such answers.
    if (source.readyState === EventSource.CLOSED) setTimeout(follow, 5_000);
  });
  source.addEventListener('fleet', event => {
    told.fleet = JSON.parse(event.data);
    say('fleet');
  });
  source.addEventListener('call', event => {
    const call = JSON.parse(event.data);
    told.calls = [call, ...told.calls.filter(one => one.callSid !== call.callSid)].slice(0, 50);
    say('call');
  });
}

export function unfollow() {
  source?.close();
  told.connected = false;
}

/** The small line at the top: connected or not, and how many calls are in hand. */
export function statusLine() {
  const workers = told.fleet?.workers;
  const calls = workers?.reduce((sum, worker) => sum + worker.calls, 0);
  return [
    h('span', {class: `dot ${told.connected ? 'on' : 'off'}`}),
    told.connected ? (workers ? `${count(calls)} ${calls === 1 ? 'call' : 'calls'} now` : 'live') : 'not connected',
  ];
}

const sum = (members, name) => members.reduce((total, member) => total + member[name], 0);

/** Calls in hand, per worker and edge. */
export function fleetPanel() {
  const {fleet} = told;
  if (!fleet) return h('p', {class: 'empty'}, 'Waiting for the first news.');
  if (fleet.unknown)
    return h('p', {class: 'empty'}, 'Redis is away: who is there cannot be seen. Records are not lost.');
  const kinds = [
    ['Workers', fleet.workers],
    ['Edges', fleet.edges],
  ];
  if (kinds.every(([, members]) => members.length === 0))
    return h('p', {class: 'empty'}, 'No worker and no edge is running.');
  return kinds.map(([title, members]) => {
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
  });
}

function memberRow({id, calls, capacity, state, lagMs}) {
  const part = capacity > 0 ? Math.min(1, calls / capacity) : 0;
  return h(
    'div',
    {class: 'member', title: lagMs === null ? '' : `event loop late by ${ms(lagMs)}`},
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
