import {remove} from './api.js';
import {h, sentence} from './dom.js';
import {change} from './url-state.js';

/** Deletes a call, or all calls of its caller's number, when asked a second time. */
export function confirmErasure({callSid, callerHash}) {
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
