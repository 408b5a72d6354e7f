import {h, table} from './dom.js';
import {ms, position} from './format.js';

/** What each outcome means for whoever reads the call; docs/ASSISTANTS.md has the whole of it. */
const OUTCOMES = {
  ok: '',
  failed: 'it failed, or its server answered with an error',
  late: 'no result within its time limit',
  refused: 'it was not run: wrong arguments, no such tool, or the caller had to be asked first',
  unknown: 'a worker died while it ran, and it may not run twice',
  cancelled: 'the caller spoke, and it was stopped',
};

/** The tools that the model asked for in one call, and what came of each. */
export function toolsTable({toolCalls}) {
  const hasWords = toolCalls.some(tool => tool.arguments !== null || tool.result !== null);
  const columns = [
    ['turn', '', tool => tool.turn],
    ['tool', '', tool => h('b', {}, tool.name)],
    ['at', 'num', tool => position(tool.atMs)],
    ['took', 'num', tool => ms(tool.durationMs)],
    ['not running', 'num', tool => ms(tool.waitMs)],
    ['outcome', '', outcomeOf],
    ['note', '', tool => (tool.toldToWait ? h('span', {class: 'quiet'}, 'told to wait') : '')],
    ...(hasWords
      ? [
          ['asked', 'told', tool => tool.arguments ?? ''],
          ['answered', 'told', tool => tool.result ?? ''],
        ]
      : []),
  ];
  return table('Tools', columns, toolCalls, {tall: true});
}

/** Records from before outcomes were kept say only whether it went well. */
function outcomeOf({ok, outcome, durationMs}) {
  const word = outcome ?? (durationMs === null ? 'the call ended' : ok ? 'ok' : 'failed');
  return h('span', {class: `pill ${ok ? '' : 'warn'}`, title: OUTCOMES[outcome] ?? ''}, word);
}
