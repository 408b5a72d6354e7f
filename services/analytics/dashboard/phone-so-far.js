import {h, table} from './dom.js';
import {ms, position} from './format.js';

/** What the worker knows of the call, about a second behind it: its turns, its tools, and what was said. */
export function drawSoFar({turns, tools, words}, {turns: all, interruptions, toolCalls, transcript}) {
  turns.replaceChildren(all.length === 0 ? '' : turnsTable(all, interruptions));
  tools.replaceChildren(
    ...toolCalls.map(tool =>
      h(
        'li',
        {},
        h('b', {}, tool.name),
        ` ${tool.ok ? 'took' : `${tool.outcome ?? 'failed'} after`} ${ms(tool.durationMs)}`,
        tool.arguments === null ? '' : h('span', {class: 'quiet'}, ` ${tool.arguments} → ${tool.result ?? '–'}`),
      ),
    ),
  );
  tools.hidden = toolCalls.length === 0;
  // Somebody may have scrolled back to read.
  const isAtEnd = words.scrollTop + words.clientHeight >= words.scrollHeight - 8;
  words.replaceChildren(
    ...transcript.map(line =>
      h(
        'li',
        {class: line.role},
        h('span', {class: 'quiet'}, position(line.atMs)),
        h(
          'p',
          {dir: 'auto'},
          line.text,
          line.cut ? h('span', {class: 'cut', title: 'the rest was never heard'}, ' —') : '',
        ),
      ),
    ),
  );
  words.hidden = transcript.length === 0;
  if (isAtEnd) words.scrollTop = words.scrollHeight;
}

/** The newest turn first: it is the one that was just spoken. */
function turnsTable(turns, interruptions) {
  const cuts = new Map(interruptions.map(cut => [cut.turn, cut]));
  const columns = [
    ['turn', '', turn => turn.turn],
    ['cause', '', turn => turn.cause],
    ['turn gap', 'num', turn => h('b', {}, ms(turn.platformTurnGapMs))],
    ['model', 'num', turn => ms(turn.modelTtfbMs)],
    ['t_stop', 'num', turn => (cuts.has(turn.turn) ? ms(cuts.get(turn.turn).tStopMs) : '')],
    ['heard', 'num', turn => `${ms(turn.heardMs)}${turn.interrupted ? ` of ${ms(turn.generatedMs)}` : ''}`],
  ];
  return table('Turns', columns, turns.toReversed(), {tall: true});
}
