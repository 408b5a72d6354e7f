import {get, post} from './api.js';
import {card, empty, h, sentence, table} from './dom.js';
import {count, moment} from './format.js';
import {addressWith, change} from './url-state.js';

const STATES = {failed: 'Given up', waiting: 'Waiting', delivered: 'Delivered'};

/** What other systems are told by webhooks, and what they did not take. */
export function webhooks({state, signal}) {
  const shown = STATES[state.hooks] ? state.hooks : 'failed';
  return [
    card({title: 'Webhooks', about: 'what other systems are told of calls, the newest first'}, async body => {
      const {counts, deliveries} = await get('/api/deliveries', {state: shown}, signal);
      const tabs = h(
        'div',
        {class: 'segments', role: 'group', 'aria-label': 'State'},
        Object.entries(STATES).map(([name, label]) =>
          h(
            'button',
            {'aria-pressed': String(name === shown), onclick: () => change({hooks: name})},
            `${label} ${count(counts[name])}`,
          ),
        ),
      );
      body.replaceChildren(
        tabs,
        deliveries.length > 0 ? tableOf(deliveries) : empty(shown === 'failed' ? 'Nothing was given up.' : 'None.'),
      );
    }),
  ];
}

function tableOf(deliveries) {
  const columns = [
    ['since', '', one => moment(one.createdAt, true)],
    ['about', '', one => about(one)],
    ['type', '', one => one.type],
    ['receiver', '', one => one.receiver],
    ['attempts', 'num', one => count(one.attempts)],
    ['what it said', '', one => one.lastError ?? ''],
    ['do', '', one => (one.state === 'failed' ? againButton(one) : '')],
  ];
  return table('Webhooks', columns, deliveries);
}

const about = ({type, subject}) =>
  type === 'call.finished' ? h('a', {href: addressWith({view: 'calls', call: subject})}, subject) : subject;

function againButton({id}) {
  const problem = h('span', {class: 'problem', role: 'alert'});
  const button = h(
    'button',
    {
      onclick: async () => {
        button.disabled = true;
        try {
          await post(`/api/deliveries/${encodeURIComponent(id)}/send-again`);
          button.textContent = 'On its way';
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
