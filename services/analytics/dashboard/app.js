import {get, post, signedOut} from './api.js';
import {h} from './dom.js';
import {filterBar, loadFacets} from './filters.js';
import {follow, live, statusLine, unfollow} from './live.js';
import {signInForm} from './sign-in.js';
import {addressWith, change, changed, setsOf, state} from './url-state.js';
import {call} from './view-call.js';
import {calls} from './view-calls.js';
import {cost} from './view-cost.js';
import {interruptions} from './view-interruptions.js';
import {overview} from './view-overview.js';
import {webhooks} from './view-webhooks.js';

const VIEWS = {
  overview: ['Overview', overview],
  interruptions: ['Interruptions', interruptions],
  cost: ['Cost and tools', cost],
  calls: ['Calls', calls],
  webhooks: ['Webhooks', webhooks],
};
/** A range that ends now is loaded again this often, while the page is visible and calls finish. */
const REFRESH = 30_000;

const place = Object.fromEntries(['views', 'status', 'filters', 'main'].map(id => [id, document.getElementById(id)]));
let asking = new AbortController();
let session = {signIn: 'off', signedIn: false};
let stale = false;

function draw() {
  asking.abort();
  asking = new AbortController();
  stale = false;
  const current = state();
  const [title, view] = current.call ? ['Call', call] : (VIEWS[current.view] ?? VIEWS.overview);
  document.title = `${title} · Voicebridge`;
  place.views.replaceChildren(
    ...Object.entries(VIEWS).map(([name, [label]]) =>
      h(
        'a',
        {
          href: addressWith({view: name, call: ''}),
          'aria-current': name === (current.call ? 'calls' : current.view) ? 'page' : undefined,
          onclick: event => {
            if (event.ctrlKey || event.metaKey || event.shiftKey) return;
            event.preventDefault();
            change({view: name, call: ''});
          },
        },
        label,
      ),
    ),
  );
  const focused = document.activeElement?.name;
  place.filters.replaceChildren(...(current.call || current.view === 'webhooks' ? [] : filterBar(current)));
  if (focused) place.filters.querySelector(`[name="${CSS.escape(focused)}"]`)?.focus();
  place.main.replaceChildren(
    h('div', {class: 'grid'}, view({state: current, ...setsOf(current), signal: asking.signal})),
  );
}

function drawStatus() {
  place.status.replaceChildren(
    ...statusLine(),
    session.signedIn ? h('button', {class: 'plain', onclick: () => post('/api/sign-out').then(start)}, 'Sign out') : '',
  );
}

function askForPassword() {
  asking.abort();
  unfollow();
  for (const name of ['views', 'status', 'filters']) place[name].replaceChildren();
  if (!place.main.querySelector('.sign-in')) place.main.replaceChildren(signInForm(start));
}

async function start() {
  try {
    session = await get('/api/session');
    if (session.signIn === 'required' && !session.signedIn) return askForPassword();
    await loadFacets();
  } catch (problem) {
    place.main.replaceChildren(
      h('p', {class: 'problem card'}, `${problem.message}${problem.cure ? ` — ${problem.cure}` : ''}.`),
      h('button', {onclick: start}, 'Try again'),
    );
    return undefined;
  }
  follow();
  drawStatus();
  draw();
  return undefined;
}

changed.addEventListener('change', () => {
  draw();
  scrollTo({top: 0});
});
signedOut.addEventListener('signed-out', askForPassword);
for (const name of ['status', 'fleet']) live.addEventListener(name, drawStatus);
live.addEventListener('call', () => (stale = true));
setInterval(() => {
  const {view, from, to, call: open} = state();
  if (stale && !document.hidden && !from && !to && !open && view !== 'calls') draw();
}, REFRESH);

await start();
