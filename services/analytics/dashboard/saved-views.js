import {h} from './dom.js';
import {addressWith, changed} from './url-state.js';

/** Views that somebody gave a name, in this browser: the name and the address. */
const KEY = 'voicebridge.views';
const AT_MOST = 50;

function saved() {
  try {
    const all = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    return Object.entries(all).filter(([, address]) => typeof address === 'string' && address.startsWith('/'));
  } catch {
    return [];
  }
}

const keep = all => localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(all.slice(-AT_MOST))));

function open(address) {
  history.pushState(null, '', address);
  changed.dispatchEvent(new CustomEvent('change', {detail: {isNew: true, scroll: 0}}));
}

/** The views with a name, and a key to name the one on show. Its address is the view: to share it, copy that. */
export function savedViews() {
  const holder = h('div', {class: 'saved'});
  const draw = () => {
    const all = saved();
    const here = addressWith({});
    const shown = all.find(([, address]) => address === here);
    holder.replaceChildren(
      ...(all.length === 0
        ? []
        : [
            h(
              'label',
              {},
              'Saved',
              h(
                'select',
                {name: 'saved', onchange: event => event.target.value && open(event.target.value)},
                h('option', {value: ''}, '–'),
                all.map(([name, address]) => h('option', {value: address, selected: address === here}, name)),
              ),
            ),
          ]),
      shown
        ? h(
            'button',
            {
              name: 'forget-view',
              onclick: () => {
                keep(all.filter(([name]) => name !== shown[0]));
                draw();
                holder.querySelector('button').focus();
              },
            },
            'Forget view',
          )
        : h('button', {name: 'save-view', onclick: () => ask(all, here)}, 'Save view'),
    );
  };
  const ask = (all, here) => {
    const name = h('input', {name: 'view-name', required: true, maxlength: 60, 'aria-label': 'Name of the view'});
    const dialog = h(
      'dialog',
      {onclose: () => dialog.remove(), 'aria-label': 'Save view'},
      h('h2', {}, 'Save view'),
      h('p', {}, 'View, filters and range are kept under this name, in this browser.'),
      h(
        'form',
        {
          method: 'dialog',
          onsubmit: () => {
            keep([...all.filter(([other]) => other !== name.value), [name.value, here]]);
            draw();
            holder.querySelector('button').focus();
          },
        },
        name,
        h('button', {type: 'button', onclick: () => dialog.close()}, 'Cancel'),
        h('button', {class: 'primary'}, 'Save'),
      ),
    );
    document.body.append(dialog);
    dialog.showModal();
    name.focus();
  };
  draw();
  return holder;
}
