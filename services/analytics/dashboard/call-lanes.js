import {empty, h, s} from './dom.js';
import {ms, position} from './format.js';
import {waveform} from './listen.js';

/*
 *   tools      ◆ free_slots 210 ms
 *   caller   ████████        ███                 when the caller spoke
 *               └ 842 ms ┐      ╎                the gap between the two: platform turn gap
 *   assistant           ███████████▒▒▒▒▒         what was heard, then what was generated and never heard
 *   time     0:00      0:05      0:10
 */
const TOOLS = 20;
const TOP = 52;
const LANE = 38;
const BETWEEN = 40;
const CALLER = TOP;
const ASSISTANT = TOP + LANE + BETWEEN;
const FLOOR = ASSISTANT + LANE;
const HEIGHT = FLOOR + 34;
const HINT = 'Hover for details; a click goes there.';
const ZOOMS = [2, 4, 8, 14, 24, 40, 70, 120];

/** Before an interruption, so that its beginning is heard. */
const BEFORE_CUT = 1_500;
/** So many pixels for a second at least, when the picture opens. */
const CLOSEST = 4;

/** The conversation on one time axis. `listening`: its recording, if there is one; `here`: the moment looked at. */
export function callLanes(body, detail, listening, here) {
  const {turns, call} = detail;
  if (turns.length === 0) return empty('The turns of this call are no longer kept.');
  const end = Math.max(call.durationMs ?? 0, ...turns.map(turn => turn.audioEndedAtMs ?? 0), 1_000);
  const view = h('div', {
    class: 'lanes',
    tabindex: 0,
    role: 'group',
    'aria-label': 'Who spoke when; the table of turns has the same. Space plays, plus and minus zoom, zero fits',
  });
  const note = h('p', {class: 'lane-note quiet'}, '');
  const fitting = () => (body.clientWidth - 4) / (end / 1_000 + 0.5);
  let zoom = Math.max(fitting(), CLOSEST);
  let peaks;
  const cursor = s('line', {class: 'cursor', y1: 18, y2: FLOOR + 10, x1: -9, x2: -9});
  const moveCursor = atMs => {
    if (atMs === undefined) return;
    const x = (atMs / 1_000) * zoom + 1;
    cursor.setAttribute('x1', x);
    cursor.setAttribute('x2', x);
    if (x < view.scrollLeft || x > view.scrollLeft + view.clientWidth) view.scrollLeft = x - 40;
  };
  const draw = () => {
    const drawn = picture(detail, end, zoom, text => (note.textContent = text), peaks, here);
    drawn.append(cursor);
    view.replaceChildren(drawn);
    moveCursor(here.atMs);
    const isCut = zoom > fitting() * 1.01;
    note.textContent = isCut ? 'The call goes on to the right: arrow keys move, “fit” shows all of it.' : HINT;
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
    if (event.key === '+' || event.key === '=') step(1);
    else if (event.key === '-') step(-1);
    else if (event.key === '0') zoomTo(0);
    else if (event.key === ' ' && listening?.toggle) {
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

/** A tool call in a line: what came of it, and what it was asked and answered where that is kept. */
function aboutTool(tool) {
  const took = `${tool.name} ${tool.ok ? 'took' : `${tool.outcome ?? 'failed'} after`} ${ms(tool.durationMs)}`;
  const told = tool.toldToWait ? ', and the caller was told to wait' : '';
  const asked = tool.arguments === null ? '' : `: ${tool.arguments}`;
  return `${took}${told}${asked}${tool.result === null ? '' : ` → ${tool.result}`}`;
}

function picture({turns, interruptions, toolCalls, failovers, transcript}, end, zoom, say, peaks, here) {
  const x = at => (at / 1_000) * zoom + 1;
  const width = x(end) + 20;
  const described = (element, text) => {
    element.append(s('title', {}, text));
    element.addEventListener('pointerenter', () => say(text));
    return element;
  };
  const said = (role, turn) =>
    transcript
      .filter(line => line.role === role && line.turn === turn)
      .map(line => ` “${line.text}”`)
      .join('');
  const blocks = turns.flatMap((turn, index) => [
    turn.callerStartedAtMs !== null &&
      turn.callerEndedAtMs !== null &&
      described(
        s('rect', {
          class: 'c-teal bar',
          x: x(turn.callerStartedAtMs),
          y: CALLER,
          width: Math.max(2, x(turn.callerEndedAtMs) - x(turn.callerStartedAtMs)),
          height: LANE,
          rx: 6,
        }),
        `Turn ${turn.turn}: the caller spoke ${ms(turn.callerEndedAtMs - turn.callerStartedAtMs)}.${said('caller', turn.turn)}`,
      ),
    ...assistantBlocks(turn, turns[index + 1]?.audioStartedAtMs ?? Infinity, x, described, said),
    gap(turn, turns[index - 1], x, described),
  ]);
  return s(
    'svg',
    {width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`},
    s(
      'defs',
      {},
      s(
        'pattern',
        {id: 'unheard', width: 6, height: 6, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)'},
        s('rect', {width: 2, height: 6, class: 'c-accent bar'}),
      ),
    ),
    s('rect', {class: 'lane', x: 0, y: CALLER - 4, width, height: LANE + 8}),
    s('rect', {class: 'lane', x: 0, y: ASSISTANT - 4, width, height: LANE + 8}),
    axis(end, zoom, x),
    blocks,
    peaks && [
      waveform(peaks, 0, {x, zoom, y: CALLER + LANE / 2, half: LANE / 2}),
      waveform(peaks, 1, {x, zoom, y: ASSISTANT + LANE / 2, half: LANE / 2}),
    ],
    toolCalls.map(tool =>
      described(
        s(
          'g',
          {class: tool.ok ? 'c-amber' : 'c-rose'},
          s('rect', {
            class: 'bar',
            x: x(tool.atMs),
            y: TOOLS,
            width: Math.max(5, x(tool.atMs + (tool.durationMs ?? 0)) - x(tool.atMs)),
            height: 7,
            rx: 3,
          }),
          zoom > 20 && s('text', {x: x(tool.atMs), y: TOOLS + 19}, tool.name),
        ),
        aboutTool(tool),
      ),
    ),
    failovers.map(one =>
      described(
        s(
          'g',
          {class: 'c-sky'},
          s('rect', {
            class: 'bar',
            x: x(one.atMs),
            y: 16,
            width: Math.max(3, x(one.atMs + (one.gapMs ?? 0)) - x(one.atMs)),
            height: FLOOR - 10,
            opacity: 0.45,
          }),
          s('text', {x: x(one.atMs) + 4, y: 13}, one.kind),
        ),
        `Failover: ${one.kind}, the caller could not be heard for ${ms(one.gapMs)}${one.toProcess ? `; ${one.fromProcess ?? '?'} → ${one.toProcess}` : ''}`,
      ),
    ),
    interruptions.map(cut =>
      described(
        s(
          'g',
          {
            class: 'c-rose',
            onclick: event => {
              event.stopPropagation();
              here.goTo(cut.atMs - BEFORE_CUT);
            },
          },
          s('line', {class: 'cut-line', x1: x(cut.atMs), x2: x(cut.atMs), y1: CALLER + LANE, y2: FLOOR + 4}),
          s('path', {class: 'bar', d: `M${x(cut.atMs) - 5} ${CALLER + LANE + 1}h10l-5 7z`}),
        ),
        `Interruption at ${position(cut.atMs)}: clear sent after ${ms(cut.reactionMs)}, silent after ${ms(cut.tStopMs)}, ${ms(cut.unheardMs)} unheard, cut at ${ms(cut.truncatedAtMs)} ± ${ms(cut.uncertaintyMs)}${cut.falseInterruption ? '; no words followed' : ''}${cut.refused ? '; the model refused the cut' : ''}`,
      ),
    ),
  );
}

/** Audio that was not heard is drawn after the audio that was, at most up to the next turn. */
function assistantBlocks(turn, next, x, described, said) {
  const {audioStartedAtMs: from, audioEndedAtMs: to, generatedMs, heardMs} = turn;
  if (from === null || to === null) return [];
  const unheard = Math.max(0, (generatedMs ?? 0) - (heardMs ?? 0));
  return [
    described(
      s('rect', {
        class: 'c-accent bar',
        x: x(from),
        y: ASSISTANT,
        width: Math.max(2, x(to) - x(from)),
        height: LANE,
        rx: 6,
      }),
      `Turn ${turn.turn}: the assistant was heard for ${ms(heardMs)}.${said('assistant', turn.turn)}`,
    ),
    turn.interrupted &&
      unheard > 0 &&
      described(
        s('rect', {
          class: 'unheard',
          x: x(to),
          y: ASSISTANT + 6,
          width: Math.max(0, x(Math.min(to + unheard, next)) - x(to)),
          height: LANE - 12,
          rx: 4,
        }),
        `${ms(unheard)} were generated and never heard`,
      ),
  ];
}

/**
 * From the end of the caller's speech to the assistant's first audio, split where it can be. `before`: the turn before,
 * which has the caller's speech where a tool was asked for first.
 */
function gap(turn, before, x, described) {
  const {audioStartedAtMs: to, platformTurnGapMs, toolMs} = turn;
  const asked = turn.callerEndedAtMs === null ? before : turn;
  const from = asked?.callerEndedAtMs ?? null;
  if (from === null || to === null || platformTurnGapMs === null || to <= from) return undefined;
  const y = CALLER + LANE + BETWEEN / 2;
  const wide = x(to) - x(from);
  return described(
    s(
      'g',
      {class: 'gap'},
      s('path', {d: `M${x(from)} ${CALLER + LANE + 3}V${y}H${x(to)}V${ASSISTANT - 3}`}),
      wide > 34 &&
        s('text', {x: (x(from) + x(to)) / 2, y: y - 4, 'text-anchor': 'middle'}, ms(platformTurnGapMs + (toolMs ?? 0))),
    ),
    `Turn ${turn.turn}: turn gap ${ms(platformTurnGapMs)} = end of turn ${ms(asked.endOfTurnDelayMs)} + model ${ms(turn.modelTtfbMs)} + hops ${ms((turn.hopUpMs ?? 0) + (turn.hopDownMs ?? 0))}${toolMs ? `; and tools ${ms(toolMs)}` : ''}`,
  );
}

function axis(end, zoom, x) {
  const every = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600].find(seconds => seconds * zoom > 64) ?? 1_200;
  return Array.from({length: Math.floor(end / 1_000 / every) + 1}, (_, index) => {
    const at = index * every;
    return [
      s('line', {class: 'gridline', x1: x(at * 1_000), x2: x(at * 1_000), y1: 18, y2: FLOOR + 10}),
      s('text', {x: x(at * 1_000) + 3, y: FLOOR + 24}, `${Math.floor(at / 60)}:${String(at % 60).padStart(2, '0')}`),
    ];
  });
}
