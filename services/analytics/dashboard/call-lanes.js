import {noTurns} from './call-turns.js';
import {h, s} from './dom.js';
import {FLOOR, picture} from './lanes-picture.js';
import {nextWord, spokenWords} from './lanes-words.js';

const HINT = 'Hover for details; a click goes there.';
/** Keys in the lanes that press something else of the page. */
const PRESSES = {'[': '.neighbours .newer', ']': '.neighbours .older', l: '.copy-link'};
/** A neighbour was opened by a key: the keys go on working there. */
let goesOn = false;
const ZOOMS = [2, 4, 8, 14, 24, 40, 70, 120];

/** So many pixels for a second at least, when the picture opens. */
const CLOSEST = 4;

/** The conversation on one time axis. `listening`: its recording, if there is one; `here`: the moment looked at. */
export function callLanes(body, detail, listening, here) {
  const {turns, call} = detail;
  if (turns.length === 0) return noTurns(detail.missing);
  const end = Math.max(call.durationMs ?? 0, ...turns.map(turn => turn.audioEndedAtMs ?? 0), 1_000);
  const view = h('div', {
    class: 'lanes',
    tabindex: 0,
    role: 'group',
    'aria-label':
      'Who spoke when; the table of turns has the same. Space plays, point and comma go from word to word, plus and minus zoom, zero fits, the brackets open the newer and the older call, L copies a link to this moment',
  });
  const note = h('p', {class: 'lane-note quiet'}, '');
  const fitting = () => (body.clientWidth - 4) / (end / 1_000 + 0.5);
  let zoom = Math.max(fitting(), CLOSEST);
  let peaks;
  const spoken = spokenWords(detail);
  let words = [];
  const cursor = s('line', {class: 'cursor', y1: 18, y2: FLOOR + 10, x1: -9, x2: -9});
  const moveCursor = atMs => {
    if (atMs === undefined) return;
    const x = (atMs / 1_000) * zoom + 1;
    cursor.setAttribute('x1', x);
    cursor.setAttribute('x2', x);
    for (const word of words) word.element.classList.toggle('now', word.from <= atMs && atMs < word.to);
    if (x < view.scrollLeft || x > view.scrollLeft + view.clientWidth) view.scrollLeft = x - 40;
  };
  const draw = () => {
    const drawn = picture(detail, {end, zoom, peaks, spoken, here, say: text => (note.textContent = text)});
    ({words} = drawn);
    drawn.element.append(cursor);
    view.replaceChildren(drawn.element);
    moveCursor(here.atMs);
    const isCut = zoom > fitting() * 1.01;
    note.textContent = isCut ? 'The call goes on to the right: scroll there, or “fit” shows all of it.' : HINT;
  };
  listening?.peaks?.then(loaded => {
    peaks = loaded;
    draw();
  });
  here.onMove(moveCursor);
  view.addEventListener('click', event => {
    const x = event.clientX - view.getBoundingClientRect().left + view.scrollLeft;
    here.goTo(((x - 1) / zoom) * 1_000);
  });
  const zoomTo = wanted => {
    const centre = (view.scrollLeft + view.clientWidth / 2) / zoom;
    zoom = Math.max(wanted, fitting());
    draw();
    view.scrollLeft = centre * zoom - view.clientWidth / 2;
  };
  const step = by =>
    zoomTo((by > 0 ? ZOOMS.find(one => one > zoom * 1.01) : ZOOMS.findLast(one => one < zoom * 0.99)) ?? zoom);
  view.addEventListener('keydown', event => {
    // Those belong to the browser; but brackets are typed with AltGr on many keyboards.
    if ((event.ctrlKey || event.metaKey || event.altKey) && !event.getModifierState('AltGraph')) return;
    if (event.key === '+' || event.key === '=') step(1);
    else if (event.key === '-') step(-1);
    else if (event.key === '0') zoomTo(0);
    else if (event.key === '.' || event.key === ',') {
      const at = nextWord(spoken, here.atMs ?? -1, event.key === '.' ? 1 : -1);
      if (at !== undefined) here.goTo(at);
    } else if (PRESSES[event.key.toLowerCase()]) {
      const pressed = document.querySelector(PRESSES[event.key.toLowerCase()]);
      goesOn = pressed?.matches('a') === true;
      pressed?.click();
    } else if (event.key === ' ' && listening?.toggle) {
      event.preventDefault();
      listening.toggle();
    }
  });
  body.replaceChildren(
    h(
      'div',
      {class: 'lane-box'},
      view,
      h('span', {class: 'lane-name caller', 'aria-hidden': 'true'}, 'caller'),
      h('span', {class: 'lane-name assistant', 'aria-hidden': 'true'}, 'assistant'),
    ),
    h(
      'div',
      {class: 'lane-foot'},
      legend(),
      note,
      h(
        'div',
        {class: 'segments'},
        h('button', {onclick: () => step(-1), 'aria-label': 'zoom out'}, '−'),
        h('button', {onclick: () => zoomTo(0)}, 'fit'),
        h('button', {onclick: () => step(1), 'aria-label': 'zoom in'}, '+'),
      ),
    ),
  );
  zoom = Math.max(fitting(), CLOSEST);
  draw();
  if (goesOn) view.focus();
  goesOn = false;
  return undefined;
}

const legend = () =>
  h(
    'div',
    {class: 'legend'},
    [
      ['teal', 'caller'],
      ['accent', 'assistant, heard'],
      ['rose', 'interruption'],
      ['amber', 'tool'],
      ['sky', 'failover'],
    ].map(([colour, label]) => h('span', {}, h('span', {class: `key c-${colour}`}), label)),
  );
