import {absencesTable} from './absences-table.js';
import {get} from './api.js';
import {callFacts} from './call-facts.js';
import {callLanes} from './call-lanes.js';
import {back, copyButton, neighbours} from './call-links.js';
import {turnsTable} from './call-turns.js';
import {hasTranscript, transcript, wordsNote} from './call-words.js';
import {endPill} from './calls-table.js';
import {card, h, sentence} from './dom.js';
import {confirmErasure} from './erase-call.js';
import {moment} from './format.js';
import {listen, moments} from './listen.js';
import {operatorButtons} from './operator-buttons.js';
import {rehearsalLink} from './rehearsal-link.js';
import {remarksCard} from './remarks.js';
import {toolsTable} from './tools-table.js';

/** One call: its facts, its two lanes, its turns, and its transcript where it is kept. */
export function call({state, session, sets: [first], signal}) {
  const holder = h('div', {class: 'grid call-page', 'aria-busy': 'true'}, h('p', {class: 'empty loading'}, 'Loading…'));
  const sid = encodeURIComponent(state.call);
  const show = (...content) => {
    holder.removeAttribute('aria-busy');
    holder.replaceChildren(...content);
  };
  const finished = () => get(`/api/calls/${sid}`, {}, signal);
  const load = () =>
    finished().then(
      detail => show(...parts(detail, state, neighbours(state, first, signal))),
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
      callFacts(detail),
      agedNote(detail),
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
    isLive ? '' : remarksCard(detail),
    card({title: 'Turns', width: hasTranscript(detail) ? 'w8' : ''}, () => turnsTable(detail, here)),
    !hasTranscript(detail)
      ? ''
      : card({title: 'Transcript', about: wordsNote(detail), width: 'w4'}, () => transcript(detail, here)),
  ].filter(Boolean);
}

/** What a call of this age does not have any more. Whether it ever had it is not known. */
function agedNote({missing = []}) {
  const names = missing.length < 2 ? missing : [missing.slice(0, -1).join(', '), missing.at(-1)];
  return missing.length === 0
    ? ''
    : h('p', {class: 'quiet note'}, `Of calls as old as this one, ${names.join(' and ')} have been deleted.`);
}

const toolsNote = ({toolCalls}) =>
  toolCalls.some(tool => tool.arguments !== null) ? '' : 'arguments and results are kept where a tool says so';
