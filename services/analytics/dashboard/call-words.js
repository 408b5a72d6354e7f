import {empty, h} from './dom.js';
import {playButton} from './listen.js';

/** Something to read, or to sign in for; notes and what tools were asked stand elsewhere. */
export const hasTranscript = ({transcript: lines, transcriptState}) =>
  transcriptState === 'shown' ? lines.length > 0 : transcriptState !== 'not-kept';

export const wordsNote = ({transcriptState}) =>
  transcriptState === 'shown' ? 'each viewing is recorded in the audit' : '';

/** What was said, line by line, each with the moment at which it began. */
export function transcript({transcript: lines, transcriptState, turns}, here) {
  if (transcriptState === 'no-password')
    return empty('Kept, and not shown: set DASHBOARD_PASSWORD and sign in to read what was said.');
  if (transcriptState === 'sign-in') return empty('Kept, and shown after signing in.');
  const byTurn = new Map(turns.map(turn => [turn.turn, turn]));
  return h(
    'ol',
    {class: 'words tall', tabindex: 0, 'aria-label': 'What was said'},
    lines.map(line =>
      h(
        'li',
        {class: line.role},
        playButton(here, beginOf(line, byTurn.get(line.turn))),
        h(
          'p',
          {dir: 'auto'},
          line.text,
          line.cut ? h('span', {class: 'cut', title: 'the rest was never heard'}, ' —') : '',
        ),
      ),
    ),
  );
}

/** When somebody began to say a line. Lines are noted when they are known, which is later. */
const beginOf = ({role, atMs}, turn) => (role === 'caller' ? turn?.callerStartedAtMs : turn?.audioStartedAtMs) ?? atMs;
