import {absencesTable} from './absences-table.js';
import {get, remove} from './api.js';
import {endPill} from './calls-table.js';
import {callFacts} from './call-facts.js';
import {callLanes} from './call-lanes.js';
import {card, empty, h, sentence, table} from './dom.js';
import {listen, moments, playButton} from './listen.js';
import {count, moment, ms, usd} from './format.js';
import {rehearsalLink} from './rehearsal-link.js';
import {toolsTable} from './tools-table.js';
import {addressWith, change, linkTo, periodOf, shortVersion} from './url-state.js';
import {callFilter} from './view-calls.js';
import {operatorButtons} from './operator-buttons.js';

/** One call: its facts, its two lanes, its turns, and its transcript where it is kept. */
export function call({state, session, sets: [first], signal}) {
  const holder = h('div', {class: 'grid call-page', 'aria-busy': 'true'}, h('p', {class: 'empty loading'}, 'Loading…'));
  const sid = encodeURIComponent(state.call);
  const show = (...content) => {
    holder.removeAttribute('aria-busy');
    holder.replaceChildren(...content);
  };
  const finished = () => get(`/api/calls/${sid}`, {}, signal);
  const around = neighbours(state, first, signal);
  const load = () =>
    finished().then(
      detail => show(...parts(detail, state, around)),
      async problem => {
        if (problem.status === 404 && (await followCall({sid, signal, session, state, show, finished: load}))) return;
        if (problem.name === 'AbortError') return;
        show(
          h(
            'p',
            {class: 'problem card', role: 'alert'},
            sentence(problem),
            ' ',
            back(),
            ' ',
            h('button', {onclick: load}, 'Try again'),
          ),
        );
      },
    );
  void load();
  return [holder];
}

/** A call in progress is asked for this often. */
const FOLLOW_EVERY = 1_000;
/** After its end the record arrives within this, usually. */
const RECORD_WITHIN = 20;

/**
 * Shows a call in progress, moving, until it ends; then its record. False: there is no such call in progress.
 */
async function followCall({sid, signal, session, state, show, finished}) {
  let said;
  const ask = () =>
    get(`/api/active/${sid}`, {}, signal).catch(problem => (problem.status === 404 ? undefined : problem));
  const pause = () => new Promise(resolve => setTimeout(resolve, FOLLOW_EVERY));
  for (;;) {
    const detail = await ask();
    if (signal.aborted) return true;
    if (detail === undefined) break;
    // Words do not move while somebody reads them for a second time: only news are drawn.
    const news = JSON.stringify([detail.turns, detail.interruptions, detail.toolCalls, detail.transcript]);
    if (!(detail instanceof Error) && news !== said) {
      const held = document.activeElement?.dataset?.call;
      show(...parts(detail, state, session.signedIn ? operatorButtons(detail.call) : '', true));
      if (held) document.querySelector(`[data-call="${CSS.escape(held)}"]`)?.focus();
      // The news are at the end.
      for (const end of document.querySelectorAll('.words, .lanes')) {
        end.scrollTop = end.scrollHeight;
        end.scrollLeft = end.scrollWidth;
      }
    }
    said = news;
    await pause();
  }
  if (said === undefined) return false;
  for (let tries = 0; tries < RECORD_WITHIN && !signal.aborted; tries += 1) {
    const record = await get(`/api/calls/${sid}`, {}, signal).catch(() => undefined);
    if (record) break;
    await pause();
  }
  if (!signal.aborted) finished();
  return true;
}

/** `around`: what stands beside its name. `isLive`: the call goes on. */
function parts(detail, state, around, isLive = false) {
  const {call: one} = detail;
  const listening = listen(detail);
  const here = moments(listening, /^\d+$/.test(state.at) ? Number(state.at) : undefined);
  return [
    h(
      'section',
      {class: 'card', 'aria-label': 'Facts'},
      h(
        'header',
        {},
        back(),
        h('h2', {}, moment(one.startedAt, true)),
        isLive ? h('span', {class: 'pill good'}, 'in progress') : endPill(one.endReason),
        h('span', {class: 'quiet'}, one.callSid),
        around,
        copyButton(one, here),
        isLive
          ? ''
          : [
              h(
                'a',
                {href: `/api/calls/${one.callSid}/timeline.csv`, download: '', 'aria-label': 'CSV, events'},
                'CSV',
              ),
              rehearsalLink(detail),
              h('button', {class: 'plain', onclick: () => confirmErasure(one)}, 'Delete'),
            ],
      ),
      facts(detail),
      one.whole ? '' : h('p', {class: 'pill warn'}, 'Parts of this record have not arrived yet.'),
    ),
    card(
      {
        title: 'The conversation',
        about: [
          'caller above, assistant below; hatched: generated and never heard',
          h('span', {class: 'for-keys'}, '. Arrow keys move, + and − zoom'),
        ],
      },
      body => {
        const problem = callLanes(body, detail, listening, here);
        if (listening) body.append(listening.element);
        return problem;
      },
    ),
    detail.toolCalls.length === 0 ? '' : card({title: 'Tools', about: toolsNote(detail)}, () => toolsTable(detail)),
    (detail.aways ?? []).length === 0
      ? ''
      : card({title: 'Away', about: 'where the assistant sent the caller, and what came of it'}, () =>
          absencesTable(detail.aways),
        ),
    card({title: 'Turns', width: hasTranscript(detail) ? 'w8' : ''}, () => turnsTable(detail, here)),
    !hasTranscript(detail)
      ? ''
      : card({title: 'Transcript', about: wordsNote(detail), width: 'w4'}, () => transcript(detail, here)),
  ].filter(Boolean);
}

const back = () => h('a', linkTo({call: '', at: ''}), '← Calls');

/** Links to the calls before and after this one, of those that the list shows. */
function neighbours(state, {filter}, signal) {
  const place = h('span', {class: 'neighbours'});
  const period = periodOf(state);
  const asked = callFilter(state, {...filter, from: period.from, to: period.to});
  get(`/api/calls/${encodeURIComponent(state.call)}/neighbours`, asked, signal).then(
    ({newer, older}) => {
      const link = (callSid, text) => (callSid ? h('a', linkTo({call: callSid, at: ''}), text) : '');
      place.replaceChildren(link(newer, '↑ newer call'), ' ', link(older, '↓ older call'));
    },
    // Without them the page is whole.
    () => {},
  );
  return place;
}

/** Copies a link to this call, at the moment that the cursor is at. */
function copyButton({callSid}, here) {
  const button = h(
    'button',
    {
      class: 'plain',
      onclick: async () => {
        const at = here.atMs === undefined ? '' : String(Math.round(here.atMs));
        const address = new URL(addressWith({view: 'calls', call: callSid, at}), location.href).href;
        try {
          await navigator.clipboard.writeText(address);
          button.textContent = 'Copied';
        } catch {
          // A browser that does not let us: the address bar has it then.
          history.replaceState(null, '', address);
          button.textContent = 'It is in the address bar';
        }
      },
    },
    'Copy link',
  );
  here.onMove(() => (button.textContent = 'Copy link to this moment'));
  return button;
}

function facts(detail) {
  const {call: one, callerNumber, notes, assistants} = detail;
  const pairs = [
    ...callFacts(detail),
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
    ['Phone', one.via],
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

function turnsTable({turns, interruptions}, here) {
  if (turns.length === 0) return empty('The turns of this call are no longer kept.');
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

const toolsNote = ({toolCalls}) =>
  toolCalls.some(tool => tool.arguments !== null) ? '' : 'arguments and results are kept where a tool says so';

/** Something to read, or to sign in for; notes and what tools were asked stand elsewhere. */
const hasTranscript = ({transcript: lines, transcriptState}) =>
  transcriptState === 'shown' ? lines.length > 0 : transcriptState !== 'not-kept';

const wordsNote = ({transcriptState}) => (transcriptState === 'shown' ? 'each viewing is recorded in the audit' : '');

function transcript({transcript: lines, transcriptState, turns}, here) {
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
        h('p', {}, line.text, line.cut ? h('span', {class: 'cut', title: 'the rest was never heard'}, ' —') : ''),
      ),
    ),
  );
}

/** When somebody began to say a line. Lines are noted when they are known, which is later. */
const beginOf = ({role, atMs}, turn) => (role === 'caller' ? turn?.callerStartedAtMs : turn?.audioStartedAtMs) ?? atMs;

function confirmErasure({callSid, callerHash}) {
  const problem = h('p', {class: 'problem', role: 'alert'});
  const erase = async path => {
    try {
      await remove(path);
    } catch (refused) {
      problem.textContent = sentence(refused);
      return;
    }
    dialog.close();
    change({call: ''});
  };
  const dialog = h(
    'dialog',
    {onclose: () => dialog.remove(), 'aria-label': 'Delete'},
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
