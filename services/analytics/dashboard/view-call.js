import {get, remove} from './api.js';
import {endPill} from './calls-table.js';
import {callLanes} from './call-lanes.js';
import {card, empty, h} from './dom.js';
import {listen, playButton} from './listen.js';
import {count, moment, ms, usd} from './format.js';
import {toolsTable} from './tools-table.js';
import {addressWith, change, shortVersion} from './url-state.js';

/** One call: its facts, its two lanes, its turns, and its transcript where it is kept. */
export function call({state, signal}) {
  const holder = h('div', {class: 'grid call-page'}, h('p', {class: 'empty'}, '…'));
  get(`/api/calls/${encodeURIComponent(state.call)}`, {}, signal).then(
    detail => holder.replaceChildren(...parts(detail)),
    problem =>
      problem.name === 'AbortError' ||
      holder.replaceChildren(h('p', {class: 'problem card'}, `${problem.message} — ${problem.cure ?? ''}`)),
  );
  return [holder];
}

function parts(detail) {
  const {call: one} = detail;
  const listening = listen(detail);
  return [
    h(
      'section',
      {class: 'card'},
      h(
        'header',
        {},
        back(),
        h('h2', {}, moment(one.startedAt, true)),
        endPill(one.endReason),
        h('span', {class: 'quiet'}, one.callSid),
        h('a', {href: `/api/calls/${one.callSid}/timeline.csv`, download: ''}, 'CSV'),
        h('button', {class: 'plain', onclick: () => confirmErasure(one)}, 'Delete'),
      ),
      facts(detail),
      one.whole ? '' : h('p', {class: 'pill warn'}, 'Parts of this record have not arrived yet.'),
    ),
    card(
      {
        title: 'The conversation',
        about: 'caller above, assistant below; hatched: generated and never heard. Arrow keys move, + and − zoom',
      },
      body => {
        const problem = callLanes(body, detail, listening);
        if (listening) body.append(listening.element);
        return problem;
      },
    ),
    detail.toolCalls.length === 0 ? '' : card({title: 'Tools', about: toolsNote(detail)}, () => toolsTable(detail)),
    card({title: 'Turns', width: hasTranscript(detail) ? 'w8' : ''}, () => turnsTable(detail, listening)),
    !hasTranscript(detail)
      ? ''
      : card({title: 'Transcript', about: wordsNote(detail), width: 'w4'}, () => transcript(detail, listening)),
  ].filter(Boolean);
}

const back = () =>
  h(
    'a',
    {
      href: addressWith({call: ''}),
      onclick: event => {
        event.preventDefault();
        change({call: ''});
      },
    },
    '← Calls',
  );

function facts({call: one, callerNumber, notes, assistants}) {
  const pairs = [
    ['Length', ms(one.durationMs)],
    ['Time to first audio', ms(one.timeToFirstAudioMs)],
    ['Turns', count(one.turns)],
    ['Interruptions', count(one.bargeIns) + (one.falseInterruptions ? ` and ${one.falseInterruptions} false` : '')],
    ['Talk-over', ms(one.talkOverMs)],
    ['Unheard', ms(one.unheardMs)],
    ['Cost', usd(one.costUsd)],
    ['Assistant', one.assistant],
    ['Version', one.assistantVersion === null ? '–' : shortVersion(one.assistantVersion)],
    ...(one.ringOutcome === null ? [] : [['Asked while it rang', `${one.ringOutcome} after ${ms(one.ringMs)}`]]),
    ['Model', one.model],
    ['Worker', one.worker],
    ['Edge', one.edge ?? '–'],
    ['Caller', callerNumber ?? (one.callerLastTwo ? `…${one.callerLastTwo}` : '–')],
    ['Admission', ms(one.admissionMs)],
    ['Model ready', ms(one.modelReadyMs)],
    ['Frames lost', count(one.framesLostUp + one.framesLostDown)],
    ['Padded', ms(one.framesPaddedMs)],
    ...Object.entries(one.outcome).map(([name, value]) => [`Outcome: ${name}`, String(value)]),
    ...assistants.map(({name, version, at}) => [`Assistant from ${ms(at)}`, `${name} ${version ?? ''}`]),
    ...Object.entries(notes).map(([name, value]) => [`Noted: ${name}`, String(value)]),
  ];
  return h(
    'dl',
    {class: 'facts'},
    pairs.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
  );
}

function turnsTable({turns, interruptions}, listening) {
  if (turns.length === 0) return empty('The turns of this call are no longer kept.');
  const cuts = new Map(interruptions.map(cut => [cut.turn, cut]));
  const columns = [
    ['turn', '', turn => turn.turn],
    ['cause', '', turn => turn.cause],
    ['at', 'num', turn => (turn.audioStartedAtMs === null ? '–' : playButton(listening, turn.audioStartedAtMs))],
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
    [
      '',
      '',
      turn =>
        turn.interrupted
          ? h(
              'span',
              {class: 'pill warn', title: 'from the first syllable of the caller to silence'},
              cuts.has(turn.turn) ? `silent after ${ms(cuts.get(turn.turn).tStopMs)}` : 'interrupted',
            )
          : '',
    ],
  ];
  return h(
    'div',
    {class: 'scroll tall'},
    h(
      'table',
      {},
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          columns.map(([name, kind]) => h('th', {class: kind}, name)),
        ),
      ),
      h(
        'tbody',
        {},
        turns.map(turn =>
          h(
            'tr',
            {},
            columns.map(([, kind, cell]) => h('td', {class: kind}, cell(turn))),
          ),
        ),
      ),
    ),
  );
}

const toolsNote = ({toolCalls}) =>
  toolCalls.some(tool => tool.arguments !== null) ? '' : 'arguments and results are kept where a tool says so';

/** Something to read, or to sign in for; notes and what tools were asked stand elsewhere. */
const hasTranscript = ({transcript: lines, transcriptState}) =>
  transcriptState === 'shown' ? lines.length > 0 : transcriptState !== 'not-kept';

const wordsNote = ({transcriptState}) => (transcriptState === 'shown' ? 'each viewing is recorded in the audit' : '');

function transcript({transcript: lines, transcriptState}, listening) {
  if (transcriptState === 'no-password')
    return empty('Kept, and not shown: set DASHBOARD_PASSWORD and sign in to read what was said.');
  if (transcriptState === 'sign-in') return empty('Kept, and shown after signing in.');
  return h(
    'ol',
    {class: 'words tall'},
    lines.map(line =>
      h(
        'li',
        {class: line.role},
        playButton(listening, line.atMs),
        h('p', {}, line.text, line.cut ? h('span', {class: 'cut', title: 'the rest was never heard'}, ' —') : ''),
      ),
    ),
  );
}

function confirmErasure({callSid, callerHash}) {
  const problem = h('p', {class: 'problem', role: 'alert'});
  const erase = async path => {
    try {
      await remove(path);
    } catch (refused) {
      problem.textContent = `${refused.message}${refused.cure ? ` — ${refused.cure}` : ''}.`;
      return;
    }
    dialog.close();
    change({call: ''});
  };
  const dialog = h(
    'dialog',
    {onclose: () => dialog.remove()},
    h('h2', {}, 'Delete for good?'),
    h(
      'p',
      {},
      'The call is deleted with its turns and its transcript, and cannot be restored. The deletion is recorded in the audit.',
    ),
    problem,
    h(
      'form',
      {method: 'dialog'},
      h('button', {autofocus: true}, 'Keep'),
      callerHash
        ? h('button', {type: 'button', onclick: () => erase(`/api/numbers/${callerHash}`)}, 'All calls of this number')
        : '',
      h('button', {type: 'button', class: 'primary', onclick: () => erase(`/api/calls/${callSid}`)}, 'This call'),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
}
