import {s} from './dom.js';
import {LETTER} from './lanes-labels.js';

/**
 * What was said, by who said it and in which turn, each word with the time in which it was spoken. A record has the ends
 * of what somebody said; within it the words are spread by their letters.
 */
export function spokenWords({turns, transcript}) {
  const texts = new Map();
  for (const {role, turn, text} of transcript) {
    const key = `${role} ${turn}`;
    texts.set(key, {role, turn, text: `${texts.get(key)?.text ?? ''} ${text}`});
  }
  const byTurn = new Map(turns.map(turn => [turn.turn, turn]));
  return [...texts.values()].flatMap(({role, turn: number, text}) => {
    const turn = byTurn.get(number);
    const [from, to] =
      role === 'caller'
        ? [turn?.callerStartedAtMs, turn?.callerEndedAtMs]
        : [turn?.audioStartedAtMs, turn?.audioEndedAtMs];
    const words = text.split(/\s+/).filter(Boolean);
    if (typeof from !== 'number' || typeof to !== 'number' || to <= from || words.length === 0) return [];
    const letter = (to - from) / words.reduce((sum, word) => sum + word.length + 1, 0);
    let at = from;
    const timed = words.map(word => {
      const begins = at;
      at += (word.length + 1) * letter;
      return {text: word, from: begins, to: at};
    });
    return [{role, from, to, words: timed}];
  });
}

/**
 * The words under the bars: each under its moment where all have room, else as many as have, from the beginning. `x`:
 * where a moment is; `yOf`: the line of each side. Returns the lines, and the words with their times.
 */
export function wordElements(spoken, {x, yOf, goTo}) {
  const lines = [];
  const words = [];
  const put = (tag, word, text, place) => {
    const onclick = event => {
      event.stopPropagation();
      goTo(word.from);
    };
    const element = s(tag, {class: 'word', onclick, ...place}, text);
    words.push({from: word.from, to: word.to, element});
    return element;
  };
  for (const {role, from, to, words: said} of spoken) {
    const y = yOf[role];
    const after = spoken.filter(other => other.role === role && other.from > from).map(other => other.from);
    // Up to what the same side says next.
    const room = Math.floor((x(Math.min(...after, Infinity)) - x(from)) / LETTER) - 1;
    if (said.reduce((sum, {text}) => sum + text.length + 1, 0) * LETTER <= x(to) - x(from)) {
      lines.push(...said.map(word => put('text', word, word.text, {x: x(word.from), y})));
      continue;
    }
    // The rest is in the transcript, and here once there is more room.
    let used = 0;
    const first = said.findIndex(({text}) => (used += text.length + 1) + 1 > room);
    const shown = first < 0 ? said : said.slice(0, first);
    if (shown.length === 0) continue;
    const parts = shown.flatMap(word => [put('tspan', word, word.text), ' ']);
    lines.push(s('text', {x: x(from), y, class: 'words-line'}, ...parts, first < 0 ? '' : '…'));
  }
  return {lines, words};
}

/** The word after a moment, or before it: where to go with a key. */
export function nextWord(spoken, atMs, by) {
  const begins = spoken.flatMap(({words}) => words.map(word => word.from)).toSorted((a, b) => a - b);
  return by > 0 ? begins.find(at => at > atMs + 1) : begins.findLast(at => at < atMs - 1);
}
