import {get} from './api.js';
import {h} from './dom.js';
import {count} from './format.js';

/** The events of the server since the page was opened: the fleet now, and the calls that have just finished. */
export const live = new EventTarget();
export const feed = {connected: false, fleet: undefined, calls: []};

let source;

export function follow() {
  source?.close();
  source = new EventSource('/api/live');
  const say = name => live.dispatchEvent(new Event(name));
  source.addEventListener('open', () => {
    feed.connected = true;
    say('status');
  });
  source.addEventListener('error', () => {
    feed.connected = false;
    say('status');
    // The browser gives up on an answer that is not a stream, such as that of a restarting server.
    if (source.readyState === EventSource.CLOSED)
      get('/api/facets').then(
        () => setTimeout(follow, 5_000),
        // A session that has ended shows the sign-in, and that begins anew.
        problem => problem.status === 401 || setTimeout(follow, 5_000),
      );
  });
  source.addEventListener('fleet', event => {
    feed.fleet = JSON.parse(event.data);
    say('fleet');
  });
  source.addEventListener('call', event => {
    const call = JSON.parse(event.data);
    feed.calls = [call, ...feed.calls.filter(one => one.callSid !== call.callSid)].slice(0, 50);
    say('call');
  });
}

export function unfollow() {
  source?.close();
  feed.connected = false;
}

/** The small line at the top: connected or not, and the number of active calls. */
export function statusLine() {
  const workers = feed.fleet?.workers;
  const calls = workers?.reduce((sum, worker) => sum + worker.calls, 0);
  return [
    h('span', {class: `dot ${feed.connected ? 'on' : 'off'}`}),
    feed.connected ? (workers ? `${count(calls)} active ${calls === 1 ? 'call' : 'calls'}` : 'live') : 'not connected',
  ];
}
