import {empty, h, table} from './dom.js';
import {ms} from './format.js';
import {playButton} from './listen.js';

/** The turns of a call, with their figures; a moment and an interruption can be gone to, and heard. */
export function turnsTable({turns, interruptions, missing}, here) {
  if (turns.length === 0) return noTurns(missing);
  const cuts = new Map(interruptions.map(cut => [cut.turn, cut]));
  const columns = [
    ['turn', '', turn => turn.turn],
    ['cause', '', turn => turn.cause],
    [
      'at',
      'num',
      turn =>
        turn.audioStartedAtMs === null ? '–' : playButton(here, turn.callerStartedAtMs ?? turn.audioStartedAtMs),
    ],
    ['turn gap', 'num', turn => h('b', {}, ms(turn.platformTurnGapMs))],
    ['end of turn', 'num', turn => ms(turn.endOfTurnDelayMs)],
    ['model', 'num', turn => ms(turn.modelTtfbMs)],
    ['tools', 'num', turn => (turn.toolMs ? ms(turn.toolMs) : '')],
    [
      'hops',
      'num',
      turn =>
        turn.hopUpMs === null && turn.hopDownMs === null ? '–' : ms((turn.hopUpMs ?? 0) + (turn.hopDownMs ?? 0)),
    ],
    ['heard', 'num', turn => `${ms(turn.heardMs)}${turn.interrupted ? ` of ${ms(turn.generatedMs)}` : ''}`],
    ['cut', '', turn => (turn.interrupted ? cutPill(cuts.get(turn.turn), here) : '')],
  ];
  return table('Turns', columns, turns, {tall: true});
}

/** What stands in place of turns. */
export const noTurns = (missing = []) =>
  empty(
    missing.includes('turns')
      ? 'The turns of this call have been deleted, with its interruptions, tool calls and failovers.'
      : 'This call has no turns.',
  );

/** How fast the assistant fell silent; a click goes to the moment. */
const cutPill = (cut, here) =>
  cut === undefined
    ? h('span', {class: 'pill warn'}, 'interrupted')
    : h(
        'button',
        {
          class: 'pill warn',
          title: 'from the first syllable of the caller to silence',
          onclick: () => here.goTo(cut.atMs - 1_500),
        },
        `silent after ${ms(cut.tStopMs)}`,
      );
