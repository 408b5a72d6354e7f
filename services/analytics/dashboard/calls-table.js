import {h} from './dom.js';
import {count, moment, ms, usd} from './format.js';
import {addressWith, change} from './url-state.js';

const END_KIND = {platform: 'bad', operator: 'warn'};

/** How a call ended, in a colour that says whose doing it was. */
export const endPill = reason => h('span', {class: `pill ${END_KIND[reason.split('.')[0]] ?? ''}`}, reason);

/** Calls, one a line; a line opens its call. */
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
          ['first audio', 'num', call => ms(call.timeToFirstAudioMs)],
          ['tools', 'num', call => call.toolCalls || ''],
          ['failovers', 'num', call => (call.failovers ? h('span', {class: 'pill warn'}, call.failovers) : '')],
          ['cost', 'num', call => usd(call.costUsd)],
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
