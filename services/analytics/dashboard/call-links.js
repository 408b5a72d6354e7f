import {get} from './api.js';
import {h} from './dom.js';
import {addressWith, linkTo, periodOf} from './url-state.js';
import {callFilter} from './view-calls.js';

export const back = () => h('a', linkTo({call: '', at: ''}), '← Calls');

/** Links to the calls before and after this one, of those that the list shows. */
export function neighbours(state, {filter}, signal) {
  const place = h('span', {class: 'neighbours'});
  const period = periodOf(state);
  const asked = callFilter(state, {...filter, from: period.from, to: period.to});
  get(`/api/calls/${encodeURIComponent(state.call)}/neighbours`, asked, signal).then(
    ({newer, older}) => {
      const link = (callSid, kind, text) =>
        callSid ? h('a', {...linkTo({call: callSid, at: ''}), class: kind}, text) : '';
      place.replaceChildren(link(newer, 'newer', '↑ newer call'), ' ', link(older, 'older', '↓ older call'));
    },
    // Without them the page is whole.
    () => {},
  );
  return place;
}

/** What became of a copy is said for so long. */
const SAID_FOR = 2_000;

/** Copies a link to this call, at the moment that the cursor is at. */
export function copyButton({callSid}, here) {
  const label = () => (here.atMs === undefined ? 'Copy link' : 'Copy link to this moment');
  let said;
  const say = text => {
    clearTimeout(said);
    button.textContent = text;
    said = setTimeout(() => {
      said = undefined;
      button.textContent = label();
    }, SAID_FOR);
  };
  const button = h(
    'button',
    {
      class: 'plain copy-link',
      onclick: async () => {
        const at = here.atMs === undefined ? '' : String(Math.round(here.atMs));
        const address = new URL(addressWith({view: 'calls', call: callSid, at}), location.href).href;
        try {
          await navigator.clipboard.writeText(address);
          say('Copied');
        } catch {
          // A browser that does not let us: the address bar has it then.
          history.replaceState(null, '', address);
          say('It is in the address bar');
        }
      },
    },
    label(),
  );
  // A recording that plays moves fifty times a second.
  here.onMove(() => said ?? (button.textContent = label()));
  return button;
}
