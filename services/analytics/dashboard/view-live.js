import {alertsCard} from './alerts.js';
import {callerOf} from './calls-table.js';
import {card, empty, h, table} from './dom.js';
import {ms} from './format.js';
import {hangUpButton} from './operator-buttons.js';
import {finishedCard, fleetCard, onEvent} from './live-cards.js';
import {feed} from './live.js';
import {linkTo} from './url-state.js';

/** What happens now: the calls in progress, the fleet that carries them, and the calls that have just ended. */
export const liveCalls = context => [activeCard(context), alertsCard(context), fleetCard(), finishedCard(context)];

const SPEAKS = {caller: 'caller', assistant: 'assistant', nobody: '–'};

function activeCard({session}) {
  const chosen = {assistant: '', worker: ''};
  return card({title: 'Calls in progress', about: 'updated by their workers each second'}, body => {
    const pickers = h('div', {class: 'filters inner'});
    const list = h('div');
    const note = h('p', {class: 'quiet note'});
    body.replaceChildren(pickers, list, note);
    let drawnPickers;
    const drawPickers = calls => {
      const names = ['assistant', 'worker'].map(name => [
        name,
        [...new Set([...calls.map(call => call[name]), chosen[name]])]
          .filter(Boolean)
          .toSorted((a, b) => a.localeCompare(b)),
      ]);
      // Drawn anew only when there is something else to choose: somebody may have one open.
      if (JSON.stringify(names) === drawnPickers) return;
      drawnPickers = JSON.stringify(names);
      pickers.replaceChildren(
        ...names.map(([name, values]) =>
          h(
            'label',
            {},
            name === 'worker' ? 'Worker' : 'Assistant',
            h(
              'select',
              {
                onchange: event => {
                  chosen[name] = event.target.value;
                  draw();
                },
              },
              h('option', {value: ''}, 'all'),
              values.map(value => h('option', {value, selected: chosen[name] === value}, value)),
            ),
          ),
        ),
      );
    };
    const draw = () => {
      const {active, connected} = feed;
      if (!active) return list.replaceChildren(h('p', {class: 'empty loading'}, 'Loading…'));
      drawPickers(active.calls);
      const calls = active.calls.filter(call =>
        Object.entries(chosen).every(([name, value]) => value === '' || call[name] === value),
      );
      const held = document.activeElement?.dataset?.call;
      list.replaceChildren(
        calls.length > 0
          ? table('Calls in progress', columns(session), calls)
          : empty(active.calls.length > 0 ? 'No call in progress matches.' : 'No call is in progress.'),
      );
      if (held) list.querySelector(`[data-call="${CSS.escape(held)}"]`)?.focus();
      note.textContent = [
        connected === false ? 'Not connected: this is as it was. ' : '',
        active.silent.length > 0
          ? `Not told by ${active.silent.join(', ')}: of an older version, or without the FLEET_KEY that analytics has.`
          : '',
      ].join('');
      return undefined;
    };
    onEvent('active', body, draw);
    const timer = setInterval(() => {
      if (!body.isConnected) clearInterval(timer);
      for (const cell of body.querySelectorAll('[data-since]'))
        cell.textContent = since({startedAt: cell.dataset.since});
    }, 1_000);
    onEvent('status', body, draw);
  });
}

const columns = session => [
  [
    'since',
    '',
    call =>
      h(
        'a',
        {
          ...linkTo({view: 'calls', call: call.callSid, at: ''}),
          'data-call': call.callSid,
          'data-since': call.startedAt,
        },
        since(call),
      ),
  ],
  [
    'speaks',
    '',
    call => h('span', {class: `pill ${call.speaks === 'nobody' ? '' : call.speaks}`}, SPEAKS[call.speaks]),
  ],
  ['assistant', '', call => h('span', {class: 'id', title: call.assistant}, call.assistant)],
  ['caller', '', call => callerOf(call)],
  ['turns', 'num', call => call.turns],
  ['last turn gap', 'num', call => ms(call.turnGapMs)],
  ['interruptions', 'num', call => call.interruptions],
  ['worker', '', call => h('span', {class: 'id', title: call.worker}, call.worker)],
  ['edge', '', call => h('span', {class: 'id', title: call.edge ?? ''}, call.edge ?? 'none')],
  ...(session.signedIn ? [['do', '', call => hangUpButton(call)]] : []),
];

const since = ({startedAt}) => ms(Math.max(0, Date.now() - startedAt));
