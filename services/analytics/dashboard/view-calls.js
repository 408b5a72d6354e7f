import {addressOf, get} from './api.js';
import {callsTable} from './calls-table.js';
import {card, empty, h} from './dom.js';
import {END_REASONS} from './end-reasons.js';
import {known} from './filters.js';
import {feed, live} from './live.js';
import {change} from './url-state.js';

/** Every call that matches, the newest first; a click on a row opens the call. */
export function calls({state, sets: [first], signal}) {
  const own = Object.fromEntries(
    ['endReason', 'interrupted', 'failedOver', 'outcome', 'search'].map(name => [name, state[name]]),
  );
  const filter = {...first.filter, ...own};
  const pick = (name, label, options) =>
    h(
      'label',
      {},
      label,
      h(
        'select',
        {name, onchange: event => change({[name]: event.target.value})},
        options.map(([value, text]) => h('option', {value, selected: state[name] === value}, text)),
      ),
    );
  const yesNo = [
    ['', 'any'],
    ['yes', 'yes'],
    ['no', 'no'],
  ];
  const controls = h(
    'div',
    {class: 'filters inner'},
    pick('endReason', 'Ended', [['', 'any way'], ...Object.keys(END_REASONS).map(reason => [reason, reason])]),
    pick('interrupted', 'Interrupted', yesNo),
    pick('failedOver', 'Failed over', yesNo),
    pick('outcome', 'Outcome', outcomesOf(state)),
    h(
      'form',
      {
        onsubmit: event => {
          event.preventDefault();
          change({search: new FormData(event.target).get('search').trim()});
        },
      },
      h(
        'label',
        {},
        'CallSid',
        h('input', {name: 'search', value: state.search, placeholder: 'CA…', size: 18, spellcheck: 'false'}),
      ),
    ),
  );
  return [
    card({title: 'Calls', about: 'the newest first', csv: addressOf('/api/calls.csv', filter)}, async body => {
      const page = await get('/api/calls', {...filter, limit: 50}, signal);
      const list = h('div');
      const more = h('div', {class: 'more-row'});
      const news = h('div', {class: 'more-row'});
      const seen = feed.calls.length;
      const onCall = () => {
        if (!body.isConnected) return live.removeEventListener('call', onCall);
        const fresh = feed.calls.length - seen;
        news.replaceChildren(
          h(
            'button',
            {onclick: () => change({})},
            fresh === 1 ? 'One call has finished: show it' : 'Calls have finished: show them',
          ),
        );
      };
      live.addEventListener('call', onCall);
      const add = ({calls: found, next}) => {
        if (found.length > 0) list.append(callsTable(found));
        more.replaceChildren(
          ...(next
            ? [
                h(
                  'button',
                  {
                    onclick: async event => {
                      event.target.disabled = true;
                      add(await get('/api/calls', {...filter, limit: 50, after: next}));
                    },
                  },
                  'Show more',
                ),
              ]
            : []),
        );
      };
      add(page);
      if (page.calls.length === 0) list.append(empty('No call matches.'));
      body.replaceChildren(controls, news, list, more);
    }),
  ];
}

/** The fields and values that calls came out with; what the address asks for is there even if no call has it. */
function outcomesOf({outcome}) {
  const all = known.outcomes.includes(outcome) || !outcome ? known.outcomes : [...known.outcomes, outcome];
  return [['', 'any'], ...all.map(each => [each, each.replace(':', ': ')])];
}
