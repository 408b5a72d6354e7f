import {get} from './api.js';
import {callsTable} from './calls-table.js';
import {card, empty} from './dom.js';
import {fleetPanel} from './fleet-panel.js';
import {feed, live} from './live.js';

const SHOWN = 7;

/** Draws at once and after each event, for as long as the card is on the page. */
export function onEvent(name, body, draw) {
  const redraw = () => (body.isConnected ? draw() : live.removeEventListener(name, redraw));
  live.addEventListener(name, redraw);
  draw();
}

/** Active calls, as the fleet reports them each second. */
export const fleetCard = () =>
  card({title: 'Now', about: 'active calls', width: 'w5'}, body => {
    const draw = () => body.replaceChildren(...[fleetPanel()].flat());
    onEvent('fleet', body, draw);
    onEvent('status', body, draw);
  });

/** The last finished calls, and each new one as soon as it ends. */
export const finishedCard = ({sets: [first], signal}) =>
  card({title: 'Just finished', about: 'as it happens', width: 'w7'}, async body => {
    const {from: _from, to: _to, ...facets} = first.filter;
    const {calls} = await get('/api/calls', {...facets, limit: SHOWN}, signal);
    const matches = call => Object.entries(facets).every(([name, value]) => call[name] === value);
    onEvent('call', body, () => {
      const news = feed.calls.filter(matches);
      const known = new Set(news.map(call => call.callSid));
      const shown = [...news, ...calls.filter(call => !known.has(call.callSid))]
        .toSorted((a, b) => (a.recordedAt < b.recordedAt ? 1 : -1))
        .slice(0, SHOWN);
      body.replaceChildren(
        shown.length === 0
          ? empty('Calls appear here the moment they end.')
          : callsTable(shown, {short: true, fresh: known}),
      );
    });
  });
