import {get} from './api.js';
import {count} from './format.js';

/** The events of the server since the page was opened: the fleet now, and the calls that have just finished. */
export const live = new EventTarget();
/** `connected`: undefined until it is known. `fleetAt`: when the fleet was last heard of. */
export const feed = {connected: undefined, fleet: undefined, fleetAt: undefined, calls: [], active: undefined};

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
    feed.fleetAt = new Date();
    say('fleet');
  });
  source.addEventListener('active', event => {
    feed.active = JSON.parse(event.data);
    say('active');
  });
  source.addEventListener('call', event => {
    const call = JSON.parse(event.data);
    feed.calls = [call, ...feed.calls.filter(one => one.callSid !== call.callSid)].slice(0, 50);
    say('call');
  });
}

export function unfollow() {
  source?.close();
  feed.connected = undefined;
}

/** The small line at the top: connected or not, and the number of active calls. */
export function statusLine() {
  const {connected: isConnected, fleet} = feed;
  const calls = fleet?.workers?.reduce((sum, worker) => sum + worker.calls, 0);
  const now = calls === undefined ? 'live' : `${count(calls)} active ${calls === 1 ? 'call' : 'calls'}`;
  return {isConnected, text: isConnected === undefined ? 'connecting…' : isConnected ? now : 'not connected'};
}
