import {s} from './dom.js';
import {ms, position} from './format.js';
import {labels} from './lanes-labels.js';
import {wordElements} from './lanes-words.js';
import {waveform} from './listen.js';

/*
 *   tools      ◆ free_slots 210 ms
 *   caller   ████████        ███                 when the caller spoke
 *            do you have     no                  and the words of it
 *               └ 842 ms ┐      ╎                the gap between the two: platform turn gap
 *   assistant           ███████████▒▒▒▒▒         what was heard, then what was generated and never heard
 *                       yes, we have …
 *   time     0:00      0:05      0:10
 */
const TOOLS = 20;
const TOP = 52;
const LANE = 38;
const WORDS = 17;
const BETWEEN = 40;
const CALLER = TOP;
const ASSISTANT = TOP + LANE + WORDS + BETWEEN;
export const FLOOR = ASSISTANT + LANE + WORDS;
const WORDS_AT = {caller: CALLER + LANE + 15, assistant: ASSISTANT + LANE + 15};
const HEIGHT = FLOOR + 34;
/** Before an interruption, so that its beginning is heard. */
const BEFORE_CUT = 1_500;

/** A tool call in a line: what came of it, and what it was asked and answered where that is kept. */
function aboutTool(tool) {
  const took = `${tool.name} ${tool.ok ? 'took' : `${tool.outcome ?? 'failed'} after`} ${ms(tool.durationMs)}`;
  const told = tool.toldToWait ? ', and the caller was told to wait' : '';
  const asked = tool.arguments === null ? '' : `: ${tool.arguments}`;
  return `${took}${told}${asked}${tool.result === null ? '' : ` → ${tool.result}`}`;
}

/**
 * Everything that happened in a call. `say`: is given what is pointed at. Returns the picture and its words, each with the
 * time in which it was spoken.
 */
export function picture(
  {turns, interruptions, toolCalls, failovers, transcript},
  {end, zoom, peaks, spoken, here, say},
) {
  const x = at => (at / 1_000) * zoom + 1;
  const {lines, words} = wordElements(spoken, {x, yOf: WORDS_AT, goTo: at => here.goTo(at)});
  const element = everything(
    {turns, interruptions, toolCalls, failovers, transcript},
    {end, zoom, x, peaks, here, say},
  );
  element.append(...lines);
  return {element, words};
}

function everything({turns, interruptions, toolCalls, failovers, transcript}, {end, zoom, x, peaks, here, say}) {
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
    s('rect', {class: 'lane', x: 0, y: CALLER - 4, width, height: LANE + WORDS + 6}),
    s('rect', {class: 'lane', x: 0, y: ASSISTANT - 4, width, height: LANE + WORDS + 6}),
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
        ),
        `Failover: ${one.kind}, the caller could not be heard for ${ms(one.gapMs)}${one.toProcess ? `; ${one.fromProcess ?? '?'} → ${one.toProcess}` : ''}`,
      ),
    ),
    labels(
      toolCalls.map(tool => ({name: tool.name, x: x(tool.atMs)})).toSorted((a, b) => a.x - b.x),
      {y: TOOLS + 19},
    ),
    labels(
      failovers.map(one => ({name: one.kind, x: x(one.atMs) + 4})),
      {y: 13},
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
  const y = CALLER + LANE + WORDS + BETWEEN / 2;
  const wide = x(to) - x(from);
  return described(
    s(
      'g',
      {class: 'gap'},
      s('path', {d: `M${x(from)} ${CALLER + LANE + WORDS + 3}V${y}H${x(to)}V${ASSISTANT - 3}`}),
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
