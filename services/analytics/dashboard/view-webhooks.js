import {get, post} from './api.js';
import {card, empty, h, sentence, table, tableRows} from './dom.js';
import {count, moment} from './format.js';
import {change, linkTo} from './url-state.js';

const PAGE = 50;
const STATES = {failed: 'Given up', waiting: 'Waiting', delivered: 'Delivered'};
const NOTHING = {
  failed: 'Nothing was given up.',
  waiting: 'Nothing waits.',
  delivered:
    'Nothing was delivered yet. Assistants say in “after” who is told of their calls; AFTER_URL is told of all.',
};

/** What other systems are told by webhooks, and what they did not take. */
export function webhooks({state, signal}) {
  const shown = STATES[state.hooks] ? state.hooks : 'failed';
  const question = {state: shown, subject: state.hook, limit: PAGE};
  const about = 'what other systems are told of calls, the newest first';
  return [
    card({title: 'Webhooks', about}, async body => {
      const page = await get('/api/deliveries', question, signal);
      const columns = columnsOf(shown);
      const list =
        page.deliveries.length > 0 ? table('Webhooks', columns, page.deliveries) : nothing(shown, state.hook);
      const more = h('div', {class: 'more-row'});
      const offer = ({next}) => {
        const button = h('button', {onclick: () => load(next, button)}, 'Show more');
        more.replaceChildren(...(next ? [button] : []));
      };
      const load = async (after, button) => {
        button.disabled = true;
        try {
          const found = await get('/api/deliveries', {...question, after}, signal);
          list.querySelector('tbody').append(...tableRows(columns, found.deliveries));
          offer(found);
          more.querySelector('button')?.focus();
        } catch (problem) {
          button.disabled = false;
          more.replaceChildren(button, h('span', {class: 'problem', role: 'alert'}, sentence(problem)));
        }
      };
      offer(page);
      body.replaceChildren(choices(shown, page.counts, state.hook), list, more);
    }),
  ];
}

/** Which webhooks: by their state, and by the call that they are about. */
function choices(shown, counts, subject) {
  const find = event => {
    event.preventDefault();
    change({hook: event.target.elements.hook.value.replaceAll(/[^\w.-]/g, '')});
  };
  return h(
    'div',
    {class: 'filters inner'},
    h(
      'div',
      {class: 'segments', role: 'group', 'aria-label': 'State'},
      Object.entries(STATES).map(([name, label]) =>
        h(
          'button',
          {name: `hooks-${name}`, 'aria-pressed': String(name === shown), onclick: () => change({hooks: name})},
          `${label} ${count(counts[name])}`,
        ),
      ),
    ),
    h(
      'form',
      {role: 'search', 'aria-label': 'Find webhooks', onsubmit: find},
      h(
        'label',
        {},
        'About the call',
        h('input', {name: 'hook', type: 'search', value: subject, placeholder: 'CA…', size: 24, spellcheck: 'false'}),
      ),
      h('button', {}, 'Find'),
    ),
  );
}

const nothing = (shown, subject) => empty(subject ? `No webhook about ${subject} is here.` : NOTHING[shown]);

function columnsOf(shown) {
  const when = {failed: 'given up', delivered: 'delivered', waiting: 'next try'}[shown];
  return [
    ['since', '', one => moment(one.createdAt, true)],
    ['about', '', one => [about(one), h('div', {class: 'quiet'}, one.type)]],
    ['receiver', 'receiver', one => one.receiver],
    ['attempts', 'num', one => count(one.attempts)],
    [when, '', one => moment(shown === 'waiting' ? one.dueAt : (one.settledAt ?? one.dueAt), true)],
    // What was delivered in the end may have been refused before.
    ...(shown === 'delivered' ? [] : [['why', 'why', one => one.lastError ?? '']]),
    ...(shown === 'failed' ? [['again', '', againButton]] : []),
  ];
}

const about = ({type, subject}) =>
  type === 'call.finished' ? h('a', {class: 'id', ...linkTo({view: 'calls', call: subject})}, subject) : subject;

function againButton({id}) {
  const problem = h('span', {class: 'problem', role: 'alert'});
  const button = h(
    'button',
    {
      'aria-label': `Send again: ${id}`,
      onclick: async () => {
        button.disabled = true;
        problem.textContent = '';
        try {
          await post(`/api/deliveries/${encodeURIComponent(id)}/send-again`);
          button.textContent = 'On its way';
          button.removeAttribute('aria-label');
        } catch (refused) {
          button.disabled = false;
          problem.textContent = sentence(refused);
        }
      },
    },
    'Send again',
  );
  return h('span', {}, button, problem);
}
