import {h, table} from './dom.js';
import {ms, position} from './format.js';

/** What each outcome means for whoever reads the call. Those of whom nobody is at fault are not marked. */
const OUTCOMES = {
  accepted: 'a person took the caller, and the assistant was out of the call',
  sent: 'the keys were pressed',
  'hung-up': 'the caller hung up meanwhile',
  busy: 'the line was busy, and the caller came back',
  'no-answer': 'nobody answered in time, and the caller came back',
  declined: 'somebody or something answered, and nobody took the caller',
  failed: 'the call to the person failed',
  refused: 'it was not allowed, or the carrier would not do it',
  unknown: 'nobody said what came of it',
};
const MARKED = new Set(['failed', 'refused', 'unknown']);

/** When the caller of one call was away from the assistant: where to, for how long, and what came of it. */
export function absencesTable(aways) {
  const columns = [
    ['at', 'num', away => position(away.atMs)],
    ['tool', '', away => h('b', {}, away.tool)],
    ['where to', '', away => `${away.kind}${away.lastTwo === null ? '' : ` …${away.lastTwo}`}`],
    ['for', 'num', away => ms(away.awayMs)],
    ['outcome', '', ({outcome}) => pill(outcome ?? 'unknown')],
  ];
  return table('Away from the assistant', columns, aways);
}

const pill = outcome =>
  h('span', {class: `pill ${MARKED.has(outcome) ? 'warn' : ''}`, title: OUTCOMES[outcome] ?? ''}, outcome);
