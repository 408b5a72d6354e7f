import {connection, get, post} from './api.js';
import {h, sentence} from './dom.js';
import {count} from './format.js';
import {filterBar, known, loadFacets} from './filters.js';
import {feed, follow, live, statusLine, unfollow} from './live.js';
import {savedViews} from './saved-views.js';
import {signInForm} from './sign-in.js';
import {changed, complaints, linkTo, setsOf, state} from './url-state.js';
import {audit} from './view-audit.js';
import {call} from './view-call.js';
import {calls} from './view-calls.js';
import {cost} from './view-cost.js';
import {interruptions} from './view-interruptions.js';
import {liveCalls} from './view-live.js';
import {overview} from './view-overview.js';
import {webhooks} from './view-webhooks.js';
import {zoneName} from './zone.js';

const VIEWS = {
  overview: ['Overview', overview],
  live: ['Live', liveCalls],
  calls: ['Calls', calls],
  interruptions: ['Interruptions', interruptions],
  cost: ['Cost and tools', cost],
  webhooks: ['Webhooks', webhooks],
  audit: ['Audit', audit],
};
/** Views that only who is signed in may see. */
const NEEDS_SIGN_IN = ['audit'];
/** Views of now, which no time range limits. */
const WITHOUT_RANGE = ['live', 'webhooks', 'audit'];
/** A range that ends now is loaded again this often, while the page is visible and calls finish. */
const REFRESH = 30_000;
/** So often analytics is asked whether it is back. */
const ASK_AGAIN = 5_000;

const place = Object.fromEntries(
  ['views', 'status', 'filters', 'main', 'demo', 'notice', 'said', 'zone'].map(id => [id, document.getElementById(id)]),
);
let asking = new AbortController();
let session = {signIn: 'off', signedIn: false};
let stale = false;
let away;

function draw() {
  asking.abort();
  asking = new AbortController();
  stale = false;
  const current = state();
  const [title, view] = current.call
    ? ['Call', call]
    : VIEWS[Object.hasOwn(VIEWS, current.view) ? current.view : 'overview'];
  document.title = `${title} · Voicebridge`;
  place.views.replaceChildren(
    ...Object.entries(VIEWS)
      .filter(([name]) => session.signedIn || !NEEDS_SIGN_IN.includes(name))
      .map(([name, [label]]) =>
        h(
          'a',
          {
            ...linkTo({view: name, call: '', at: ''}),
            'aria-current': name === (current.call ? 'calls' : current.view) ? 'page' : undefined,
          },
          label,
        ),
      ),
  );
  const hasRange = !current.call && !WITHOUT_RANGE.includes(current.view);
  const {name: focused, isConnected: was} = document.activeElement ?? {};
  place.filters.replaceChildren(...(hasRange ? [...filterBar(current), savedViews()] : []));
  place.zone.textContent = zoneName();
  place.main.replaceChildren(
    h('h1', {tabindex: -1}, title),
    ...wrongAddress(),
    ...(hasRange && isNew() ? [welcome()] : []),
    h('div', {class: 'grid'}, view({state: current, session, ...setsOf(current), signal: asking.signal})),
  );
  if (was && focused) document.querySelector(`[name="${CSS.escape(focused)}"]`)?.focus();
}

/** No call has ended yet. */
const isNew = () => known.first === null && feed.calls.length === 0;
const welcome = () =>
  h(
    'p',
    {class: 'card welcome'},
    'No call has ended yet: each appears here when it does. Call the number of an assistant, or start ',
    h('code', {}, 'npm run talk'),
    ' and call one from the browser.',
  );

/** What the address asked for and is not shown. */
function wrongAddress() {
  const {view} = state();
  const unknown = Object.hasOwn(VIEWS, view) ? [] : [`“${view.slice(0, 40)}” is not a view`];
  const all = [...unknown, ...complaints()];
  return all.length === 0 ? [] : [h('p', {class: 'problem card', role: 'alert'}, `In this address ${all.join('; ')}.`)];
}

let statusText;
function drawStatus() {
  const {isConnected, text} = statusLine();
  if (statusText === text && place.status.childElementCount > 0) return;
  statusText = text;
  place.status.replaceChildren(
    h('span', {class: `dot ${isConnected === undefined ? '' : isConnected ? 'on' : 'off'}`}),
    h('span', {}, text),
    session.signedIn ? h('button', {class: 'plain', onclick: () => post('/api/sign-out').then(start)}, 'Sign out') : '',
  );
}

function askForPassword() {
  asking.abort();
  unfollow();
  for (const name of ['views', 'status', 'filters']) place[name].replaceChildren();
  if (!place.main.querySelector('.sign-in')) place.main.replaceChildren(signInForm(start));
}

/** Says once why nothing can be loaded, and asks until it can. */
function isAway({detail: problem}) {
  if (away) return;
  const seen = new Date();
  const again = () =>
    get('/api/facets').then(
      async () => {
        clearInterval(away);
        away = undefined;
        await start();
        // Only now is the page whole again, unless analytics has gone away once more.
        if (!away) place.notice.replaceChildren();
      },
      () => {},
    );
  away = setInterval(again, ASK_AGAIN);
  place.notice.replaceChildren(
    h(
      'p',
      {class: 'away'},
      `${problem.message} since ${seen.toLocaleTimeString('en-GB')}. What you see may be old; asking again every ${ASK_AGAIN / 1_000} s. `,
      h('button', {onclick: again}, 'Try now'),
    ),
  );
}

/** Nobody should take simulated calls for real ones. */
function sayIfDemo(demo) {
  place.demo.hidden = !demo;
  if (demo)
    place.demo.textContent = `Demo data, made by simulated calls: ${count(demo.calls)} calls, copied from ${count(demo.simulated)} simulated calls to other times. Simulated time stops while the processor works, so reaction times are shorter than in real calls.`;
}

async function start() {
  try {
    session = await get('/api/session');
    sayIfDemo(session.demo);
    if (session.signIn === 'required' && !session.signedIn) return askForPassword();
    await loadFacets();
  } catch (problem) {
    if (!problem.isAway)
      place.main.replaceChildren(
        h('p', {class: 'problem card'}, sentence(problem)),
        h('button', {onclick: start}, 'Try again'),
      );
    return undefined;
  }
  follow();
  statusText = undefined;
  drawStatus();
  draw();
  return undefined;
}

changed.addEventListener('change', ({detail: {isNew, scroll}}) => {
  draw();
  const title = place.main.querySelector('h1');
  if (isNew) title?.focus({preventScroll: true});
  place.said.textContent = isNew ? '' : 'The figures were changed.';
  scrollTo({top: scroll});
  // What comes later makes the page long enough.
  if (scroll > 0) setTimeout(() => scrollTo({top: scroll}), 400);
});
connection.addEventListener('signed-out', askForPassword);
connection.addEventListener('away', isAway);
for (const name of ['status', 'fleet']) live.addEventListener(name, drawStatus);
live.addEventListener('call', () => (stale = true));
setInterval(() => {
  const {view, from, to, call: open} = state();
  const isRead = document.querySelector('details[open], dialog[open]');
  if (stale && !isRead && !document.hidden && !from && !to && !open && !['calls', 'live'].includes(view)) draw();
}, REFRESH);

await start();
