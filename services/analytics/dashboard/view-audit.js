import {get} from './api.js';
import {card, empty, h, sentence, table, tableRows} from './dom.js';
import {moment} from './format.js';
import {linkTo} from './url-state.js';

const PAGE = 100;

/** Each action in words. */
const ACTIONS = {
  'sign-in': 'signed in',
  'sign-in.refused': 'was refused: the password was wrong',
  'sign-out': 'signed out',
  'transcript.read': 'read what was said',
  'transcript.searched': 'searched in what was said',
  'recording.heard': 'heard a recording',
  export: 'took a file away',
  'call.erased': 'deleted a call',
  'number.erased': 'deleted all calls of a number',
  'webhook.sent-again': 'sent a webhook again',
  'call.hung-up': 'hung up a call',
  'call.transferred': 'transferred a caller',
  'call.tagged': 'put a tag on a call',
  'call.untagged': 'took a tag from a call',
  'call.remarked': 'wrote a remark on a call',
  'remark.removed': 'removed a remark',
};

const COLUMNS = [
  ['when', '', entry => moment(entry.at, true)],
  ['what', '', entry => ACTIONS[entry.action] ?? entry.action],
  ['of', 'why', entry => subject(entry)],
  ['who', '', entry => entry.who ?? h('span', {class: 'quiet'}, 'not signed in')],
  ['from', '', entry => entry.address ?? '–'],
];

const subject = ({subject: text}) =>
  /^CA[\da-f]{32}$/i.test(text) ? h('a', {class: 'id', ...linkTo({view: 'calls', call: text})}, text) : text;

/** Who signed in, read, took away and deleted what, the newest first. */
export const audit = ({signal}) => [
  card({title: 'Audit', about: 'who did what, the newest first', csv: '/api/audit.csv'}, async () => {
    const {entries} = await get('/api/audit', {limit: PAGE}, signal);
    if (entries.length === 0) return empty('Nobody has done anything yet.');
    const list = table('Audit', COLUMNS, entries);
    const more = h('div', {class: 'more-row'});
    const shown = new Set(entries.map(entry => JSON.stringify(entry)));
    const offer = page => {
      const button = h('button', {onclick: () => load(page.at(-1), button)}, 'Show more');
      more.replaceChildren(...(page.length < PAGE ? [] : [button]));
    };
    const load = async (last, button) => {
      button.disabled = true;
      try {
        // Times are cut to milliseconds: others of the same millisecond may not have been shown.
        const before = new Date(Date.parse(last.at) + 1).toISOString();
        const page = (await get('/api/audit', {limit: PAGE, before}, signal)).entries;
        const fresh = page.filter(entry => !shown.has(JSON.stringify(entry)));
        for (const entry of fresh) shown.add(JSON.stringify(entry));
        list.querySelector('tbody').append(...tableRows(COLUMNS, fresh));
        offer(page);
        more.querySelector('button')?.focus();
      } catch (problem) {
        button.disabled = false;
        more.replaceChildren(button, h('span', {class: 'problem', role: 'alert'}, sentence(problem)));
      }
    };
    offer(entries);
    return [list, more];
  }),
];
