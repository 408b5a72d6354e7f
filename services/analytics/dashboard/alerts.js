import {get} from './api.js';
import {card, empty, h} from './dom.js';
import {END_REASONS} from './end-reasons.js';
import {count, counted, ms, share} from './format.js';
import {onEvent} from './live-cards.js';
import {feed} from './live.js';
import {intoCalls, linkTo} from './url-state.js';

const HOUR = 3_600_000;
/** More than this share of the calls of the last hour went wrong, of so many calls at least. */
const TOO_MANY_WRONG = 0.05;
const ENOUGH_CALLS = 20;
/** A process whose timers fire so late is too busy to carry audio well, in milliseconds. */
const TOO_LATE = 100;

/** What an operator should look at now. Prometheus has more alerts, and tells people who do not look at a page. */
export const alertsCard = ({session, signal}) =>
  card({title: 'Alerts', about: 'what needs somebody now'}, async body => {
    // Its calls are over, and no fleet belongs to it.
    if (session.demo) return empty('Demo data is in a database of its own. No call is taken, so nothing needs you.');
    const ofCalls = await lastHour(signal);
    const draw = () => {
      const all = [...ofFleet(feed), ...ofCalls];
      body.replaceChildren(
        all.length === 0
          ? empty('Nothing needs you.')
          : h(
              'ul',
              {class: 'alerts'},
              all.map(({text, into, isBad}) =>
                h(
                  'li',
                  {},
                  h('span', {class: `pill ${isBad ? 'bad' : 'warn'}`}, isBad ? 'alert' : 'look'),
                  ' ',
                  into ? h('a', linkTo(into), text) : text,
                ),
              ),
            ),
      );
    };
    for (const name of ['fleet', 'status', 'active']) onEvent(name, body, draw);
    return undefined;
  });

function ofFleet({fleet, connected, active}) {
  if (connected === false) return [{isBad: true, text: 'This page is not connected to analytics.'}];
  if (!fleet) return [];
  if (fleet.unknown) return [{isBad: true, text: 'Redis is away: no new call can be taken.'}];
  const members = [...fleet.workers, ...fleet.edges];
  const room = kind =>
    kind.reduce((sum, {calls, capacity, state}) => sum + (state === 'ready' ? capacity - calls : 0), 0);
  return [
    ...['workers', 'edges'].flatMap(kind =>
      fleet[kind].length === 0
        ? [{isBad: true, text: `There are no ${kind}: callers hear that nobody is there.`}]
        : room(fleet[kind]) <= 0
          ? [{isBad: true, text: `All ${kind} are full or draining: callers hear the overload message.`}]
          : [],
    ),
    ...members
      .filter(({lagMs}) => lagMs > TOO_LATE)
      .map(({id, lagMs}) => ({isBad: false, text: `${id} is too busy: its timers fire ${ms(lagMs)} late.`})),
    ...(active?.silent ?? []).map(id => ({isBad: false, text: `${id} does not tell its calls.`})),
  ];
}

/** What the records of the last hour say, and the webhooks that were given up. */
async function lastHour(signal) {
  const from = Date.now() - HOUR;
  const [calls, hooks] = await Promise.all([
    get('/api/metrics', {metric: 'calls', by: 'endReason', from}, signal),
    get('/api/deliveries', {state: 'failed', limit: 1}, signal).catch(() => undefined),
  ]);
  const sum = groups => groups.reduce((total, group) => total + group.count, 0);
  const all = sum(calls.groups);
  const wrong = sum(calls.groups.filter(({group: [reason]}) => END_REASONS[reason]?.isFailure));
  const failed = hooks?.counts.failed ?? 0;
  return [
    ...(all >= ENOUGH_CALLS && wrong / all > TOO_MANY_WRONG
      ? [
          {
            isBad: true,
            text: `${share(wrong / all)} of the calls of the last hour went wrong: ${count(wrong)} of ${count(all)}.`,
            into: intoCalls({failed: 'yes', range: '1h', from: '', to: ''}),
          },
        ]
      : []),
    ...(failed > 0
      ? [
          {
            isBad: false,
            text: `${counted(failed, 'webhook')} ${failed === 1 ? 'was' : 'were'} given up.`,
            into: {view: 'webhooks', hooks: 'failed'},
          },
        ]
      : []),
  ];
}
