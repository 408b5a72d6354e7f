import {addressOf, get} from './api.js';
import {card, empty, h, table} from './dom.js';
import {moment, ms} from './format.js';
import {together} from './missing.js';
import {linkTo} from './url-state.js';

const LEAD = 1_000;

/** Who waited longest for an answer, and where the time went; a click opens the moment at which they had spoken. */
export const waitsCard = (first, signal) =>
  card(
    {
      title: 'Longest waits',
      about: 'turn gap and tools together',
      width: 'w6',
      csv: addressOf('/api/longest-waits.csv', {...first.filter, limit: 100}),
    },
    async (_, tell) => {
      const [{waits}] = together([first], [await get('/api/longest-waits', first.filter, signal)], tell);
      return waits.length === 0 ? empty() : table('Longest waits', COLUMNS, waits, {tall: true});
    },
  );

const intoWait = ({callSid, audioStartedAtMs, waitMs}) => ({
  view: 'calls',
  call: callSid,
  at: String(Math.max(0, Math.round((audioStartedAtMs ?? 0) - waitMs - LEAD))),
});

const COLUMNS = [
  ['waited', 'num', wait => h('a', linkTo(intoWait(wait)), ms(wait.waitMs))],
  ['call', '', wait => moment(wait.startedAt)],
  ['assistant', '', wait => h('span', {class: 'id', title: wait.assistant}, wait.assistant)],
  ['end of turn', 'num', wait => ms(wait.endOfTurnDelayMs)],
  ['model', 'num', wait => ms(wait.modelTtfbMs)],
  ['tools', 'num', wait => (wait.toolMs ? ms(wait.toolMs) : '')],
];
