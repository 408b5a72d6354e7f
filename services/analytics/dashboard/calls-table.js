import {h, table, tableRows} from './dom.js';
import {END_REASONS} from './end-reasons.js';
import {count, moment, ms, usd} from './format.js';
import {linkTo} from './url-state.js';

/** How a call ended; a failure, and a call that an operator ended, stand out by their colour. */
export function endPill(reason) {
  const end = END_REASONS[reason];
  const kind = end?.isFailure ? 'bad' : end?.endedBy === 'operator' ? 'warn' : '';
  return h('span', {class: `pill ${kind}`}, reason);
}

/** The caller's last two digits, or that they were at the phone in the browser. */
export const callerOf = ({via, callerLastTwo}) =>
  via === 'browser' ? h('span', {class: 'pill'}, 'browser') : callerLastTwo ? `…${callerLastTwo}` : '';

/** Texts of any length, as many in a row as fit; the title has what is cut off. */
const pills = texts =>
  texts.length > 0 &&
  h(
    'span',
    {class: 'pills'},
    texts.map(({text, about}) => h('span', {class: 'pill', title: about ? `${text}: ${about}` : text}, text)),
  );

const outcomeOf = ([name, value], {outcomeFilled}) =>
  outcomeFilled.includes(name)
    ? {text: `${name}: ${value} (model)`, about: 'a text model filled it in after the call'}
    : {text: `${name}: ${value}`};

const SHORT = [
  ['started', '', call => h('a', linkTo(intoCall(call)), moment(call.startedAt, true))],
  ['length', 'num', call => ms(call.durationMs)],
  ['assistant', '', call => h('span', {class: 'id', title: call.assistant}, call.assistant)],
  ['ended', '', call => [endPill(call.endReason), call.whole ? '' : h('span', {class: 'pill warn'}, 'parts missing')]],
  ['turns', 'num', call => count(call.turns)],
  ['interruptions', 'num', call => (call.bargeIns ? count(call.bargeIns) : h('span', {class: 'quiet'}, '0'))],
];
const WHOLE = [
  ...SHORT,
  ['first audio', 'num', call => ms(call.timeToFirstAudioMs)],
  ['tools', 'num', call => call.toolCalls || ''],
  ['failovers', 'num', call => (call.failovers ? h('span', {class: 'pill warn'}, call.failovers) : '')],
  ['cost', 'num', call => usd(call.costUsd)],
  ['outcome', '', call => pills(Object.entries(call.outcome).map(field => outcomeOf(field, call)))],
  ['tags', '', call => pills(call.tags.map(tag => ({text: tag})))],
  ['caller', '', call => callerOf(call)],
  ['model', '', call => h('span', {class: 'id', title: call.model}, call.model)],
  ['worker', '', call => h('span', {class: 'id', title: call.worker}, call.worker)],
];

const intoCall = ({callSid}) => ({view: 'calls', call: callSid, at: ''});

/** A click anywhere on a row opens its call; keys have the link. */
const rowOf = fresh => call => ({
  class: `opens ${fresh.has(call.callSid) ? 'fresh' : ''}`,
  onclick: linkTo(intoCall(call)).onclick,
});

/** A table of calls. */
export const callsTable = (calls, {short = false, fresh = new Set()} = {}) =>
  table('Calls', short ? SHORT : WHOLE, calls, {attributes: rowOf(fresh)});

/** More calls at the end of a table of calls. */
export const addCalls = (element, calls) =>
  element.querySelector('tbody').append(...tableRows(WHOLE, calls, rowOf(new Set())));
