import {h} from './dom.js';
import {END_REASONS} from './end-reasons.js';
import {count, moment, ms, usd} from './format.js';
import {addressWith, change} from './url-state.js';

/** How a call ended; a failure, and a call that an operator ended, stand out by their colour. */
export function endPill(reason) {
  const end = END_REASONS[reason];
  const kind = end?.isFailure ? 'bad' : end?.endedBy === 'operator' ? 'warn' : '';
  return h('span', {class: `pill ${kind}`}, reason);
}

/** A table of calls; a click on a row opens the call. */
export function callsTable(calls, {short = false, fresh = new Set()} = {}) {
  const columns = [
    [
      'started',
      '',
      call => h('a', {href: addressWith({view: 'calls', call: call.callSid})}, moment(call.startedAt, true)),
    ],
    ['length', 'num', call => ms(call.durationMs)],
    ['assistant', '', call => call.assistant],
    ['ended', '', call => endPill(call.endReason)],
    ['turns', 'num', call => count(call.turns)],
    ['interruptions', 'num', call => (call.bargeIns ? count(call.bargeIns) : h('span', {class: 'quiet'}, '0'))],
    ...(short
      ? []
      : [
          ['time to first audio', 'num', call => ms(call.timeToFirstAudioMs)],
          ['tools', 'num', call => call.toolCalls || ''],
          ['failovers', 'num', call => (call.failovers ? h('span', {class: 'pill warn'}, call.failovers) : '')],
          ['cost', 'num', call => usd(call.costUsd)],
          [
            'outcome',
            '',
            call =>
              Object.entries(call.outcome).map(([name, value]) => h('span', {class: 'pill'}, `${name}: ${value}`)),
          ],
          ['caller', '', call => (call.callerLastTwo ? `…${call.callerLastTwo}` : '')],
          ['model', '', call => call.model],
          ['worker', '', call => call.worker],
          ['', '', call => (call.whole ? '' : h('span', {class: 'pill warn'}, 'parts missing'))],
        ]),
  ];
  return h(
    'div',
    {class: 'scroll'},
    h(
      'table',
      {},
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          columns.map(([name, kind]) => h('th', {class: kind}, name)),
        ),
      ),
      h(
        'tbody',
        {},
        calls.map(call =>
          h(
            'tr',
            {
              class: `opens ${fresh.has(call.callSid) ? 'fresh' : ''}`,
              onclick: event => {
                if (event.ctrlKey || event.metaKey || event.shiftKey) return;
                event.preventDefault();
                change({view: 'calls', call: call.callSid});
              },
            },
            columns.map(([, kind, cell]) => h('td', {class: kind}, cell(call))),
          ),
        ),
      ),
    ),
  );
}
