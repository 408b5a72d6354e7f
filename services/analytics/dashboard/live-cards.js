import {get} from './api.js';
import {callsTable} from './calls-table.js';
import {card, empty} from './dom.js';
import {fleetPanel, live, told} from './live.js';

const SHOWN = 7;

/** Draws at once and after each piece of news, for as long as the card is on the page. */
function whenTold(news, body, draw) {
  const redraw = () => (body.isConnected ? draw() : live.removeEventListener(news, redraw));
  live.addEventListener(news, redraw);
  draw();
}

/** Calls in hand, as the fleet says each second. */
export const fleetCard = () =>
  card({title: 'Now', about: 'calls in hand', width: 'w5'}, body =>
    whenTold('fleet', body, () => body.replaceChildren(...[fleetPanel()].flat())),
  );

/** The last calls, and each new one the moment it ends. */
export const finishedCard = ({sets: [first], signal}) =>
  card({title: 'Just finished', about: 'as it happens', width: 'w7'}, async body => {
    const {from: _from, to: _to, ...facets} = first.filter;
    const {calls} = await get('/api/calls', {...facets, limit: SHOWN}, signal);
    const matches = call => Object.entries(facets).every(([name, value]) => call[name] === value);
    whenTold('call', body, () => {
      const news = told.calls.filter(matches);
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
