import {addressOf, get, post} from './api.js';
import {addCalls, callsTable} from './calls-table.js';
import {card, empty, h, sentence} from './dom.js';
import {END_REASONS} from './end-reasons.js';
import {known} from './filters.js';
import {feed, live} from './live.js';
import {together} from './missing.js';
import {CALL_FILTERS, change, shortVersion} from './url-state.js';

const PAGE = 50;
const AT_MOST = 1_000;

/** How many rows the list had when it was left, so that it has them again when somebody comes back. */
const left = {address: '', rows: PAGE};

/** What the list of calls is filtered by, besides range, assistant, model and worker. */
export const callFilter = (state, filter) => ({
  ...filter,
  ...Object.fromEntries(CALL_FILTERS.map(name => [name, state[name]])),
});

/** Every call that matches, the newest first; a click on a row opens the call. */
export function calls({state, sets: [first], signal}) {
  const filter = callFilter(state, first.filter);
  const about = h('div', {class: 'chosen'}, chosen(state));
  return [
    h(
      'section',
      {class: 'card controls', 'aria-label': 'Which calls'},
      h('div', {class: 'filters inner'}, finder(state), pickers(state)),
      about,
    ),
    card(
      {
        title: 'Calls',
        about: 'the newest first',
        csv: {calls: addressOf('/api/calls.csv', filter), everything: addressOf('/api/calls.jsonl', filter)},
      },
      async (body, tell) => {
        const address = JSON.stringify(filter);
        if (left.address !== address) Object.assign(left, {address, rows: PAGE});
        const [page] = together([first], [await get('/api/calls', {...filter, limit: left.rows}, signal)], tell);
        if (page.calls.length > 0) void howMany(filter, signal).then(tell, () => {});
        const more = h('div', {class: 'more-row'});
        const list = page.calls.length === 0 ? empty('No call matches.') : callsTable(page.calls);
        const offer = ({next}) => {
          const button = h('button', {onclick: () => load(next, button)}, 'Show more');
          more.replaceChildren(...(next && left.rows < AT_MOST ? [button] : []));
        };
        const load = async (next, button) => {
          button.disabled = true;
          try {
            const found = await get('/api/calls', {...filter, limit: PAGE, after: next}, signal);
            addCalls(list, found.calls);
            left.rows += PAGE;
            offer(found);
            more.querySelector('button')?.focus();
          } catch (problem) {
            button.disabled = false;
            more.replaceChildren(button, h('span', {class: 'problem', role: 'alert'}, sentence(problem)));
          }
        };
        offer(page);
        body.replaceChildren(news(body), list, more);
      },
    ),
  ];
}

/** How many there are in all. It is asked for beside the list, which does not wait for it. */
async function howMany(filter, signal) {
  const {count: all} = await get('/api/calls-count', filter, signal);
  return all === 1 ? 'One call matches.' : `${all.toLocaleString('en')} calls match.`;
}

/** Says when calls have finished since; the list stays still while somebody reads it. */
function news(body) {
  const place = h('div', {class: 'more-row'});
  const seen = feed.calls.length;
  const onCall = () => {
    if (place.isConnected || !body.isConnected) {
      const fresh = feed.calls.length - seen;
      const text = fresh === 1 ? 'One call has finished: show it' : 'Calls have finished: show them';
      place.replaceChildren(h('button', {onclick: () => change({})}, text));
    }
    if (!body.isConnected) live.removeEventListener('call', onCall);
  };
  live.addEventListener('call', onCall);
  return place;
}

function pickers(state) {
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
  const ways = [
    ['', 'any'],
    ['inbound', 'inbound'],
    ['outbound', 'outbound'],
  ];
  return [
    pick('direction', 'Direction', ways),
    pick('via', 'Phone', [
      ['', 'any'],
      ['telephone', 'telephone'],
      ['browser', 'browser'],
    ]),
    pick('endReason', 'Ended', [['', 'any reason'], ...Object.keys(END_REASONS).map(reason => [reason, reason])]),
    pick('failed', 'Went wrong', yesNo),
    pick('interrupted', 'Interrupted', yesNo),
    pick('failedOver', 'Failed over', yesNo),
    pick('outcome', 'Outcome', outcomesOf(state)),
    pick('tag', 'Tag', [
      ['', 'any'],
      ...[...new Set([...(known.tags ?? []), ...(state.tag ? [state.tag] : [])])].map(tag => [tag, tag]),
    ]),
  ];
}

/** One field for a CallSid, a telephone number, its last two digits, or words that were said. */
function finder(state) {
  const problem = h('span', {class: 'problem', role: 'alert'});
  const input = h('input', {
    name: 'find',
    type: 'search',
    value: state.search || state.words || state.lastTwo,
    placeholder: 'CA…, +47…, 42, or words',
    size: 24,
    spellcheck: 'false',
    'aria-describedby': 'find-help',
  });
  const find = async event => {
    event.preventDefault();
    problem.textContent = '';
    try {
      change(await searched(input.value.trim()));
    } catch (refused) {
      problem.textContent = sentence(refused);
    }
  };
  return h(
    'form',
    {onsubmit: find, role: 'search', 'aria-label': 'Find calls'},
    h('label', {}, 'Find', input),
    h('span', {id: 'find-help', class: 'unseen'}, 'a CallSid, a telephone number, its last two digits, or words said'),
    h('button', {}, 'Find'),
    problem,
  );
}

/** What somebody looks for, as filters. A number never stands in an address: only its keyed hash does. */
async function searched(text) {
  const nothing = {search: '', words: '', lastTwo: '', callerHash: ''};
  if (text === '') return nothing;
  if (/^CA[\da-f]*$/i.test(text)) return {...nothing, search: text};
  if (/^\d\d$/.test(text)) return {...nothing, lastTwo: text};
  if (/^\+?[\d\s().-]{6,}$/.test(text)) {
    const {callerHash} = await post('/api/find-number', {number: text});
    return {...nothing, callerHash};
  }
  if (text.length < 2 || text.length > 100) throw new Error('write from 2 to 100 letters');
  return {...nothing, words: text};
}

/** The filters that have no field of their own, each with a key that takes it away. */
function chosen(state) {
  const names = {
    has: text => {
      const [metric, from, to] = text.split(':');
      return `${metric.replaceAll('_', ' ')} ${from ? `from ${from}` : ''} ${to ? `up to ${to}` : ''}`;
    },
    callerHash: hash => `number with the hash ${shortVersion(hash)}…`,
    lastTwo: digits => `caller …${digits}`,
    words: text => `somebody said “${text}”`,
    search: text => `CallSid ${text}…`,
    tag: text => `tag ${text}`,
    edge: id => `edge ${id}`,
    tool: name => `tool ${name}`,
    failoverKind: kind => `failover ${kind}`,
  };
  return Object.entries(names)
    .filter(([name]) => state[name])
    .map(([name, textOf]) =>
      h(
        'button',
        {class: 'chip', onclick: () => change({[name]: ''}), title: 'take this filter away'},
        textOf(state[name]),
        h('span', {'aria-label': '(remove)'}, ' ×'),
      ),
    );
}

/** The fields and values that calls came out with; what the address asks for is there even if no call has it. */
function outcomesOf({outcome}) {
  const all = known.outcomes.includes(outcome) || !outcome ? known.outcomes : [...known.outcomes, outcome];
  return [['', 'any'], ...all.map(each => [each, each.replace(':', ': ')])];
}
