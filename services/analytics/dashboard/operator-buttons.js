import {get, post} from './api.js';
import {h, sentence} from './dom.js';

const pathOf = callSid => `/api/active/${encodeURIComponent(callSid)}`;

/** What operators may do to a call in progress: hang up, and send its caller to a person or a queue. */
export const operatorButtons = call => h('span', {class: 'operator'}, transferButton(call), hangUpButton(call));

/** Ends a call, when asked a second time. */
export const hangUpButton = ({callSid}) =>
  asking('Hang up', callSid, 'Hanging up', () => ({
    about: [h('p', {}, 'The caller hears nothing more of this call. It is recorded in the audit.')],
    act: () => post(`${pathOf(callSid)}/hang-up`),
  }));

/** Sends a caller to a person or a queue, when it is said to which. */
const transferButton = ({callSid}) =>
  asking('Transfer', callSid, 'Transferring', problem => {
    const places = h('datalist', {id: 'places'});
    const note = h('p', {class: 'quiet'});
    const to = h('input', {
      name: 'to',
      list: 'places',
      required: true,
      autocomplete: 'off',
      placeholder: '+47…, sip:…, client:… or queue:…',
    });
    get(`${pathOf(callSid)}/transfer`).then(
      ({allowed}) => {
        const exact = allowed.filter(one => !one.includes('*'));
        places.replaceChildren(...exact.map(value => h('option', {value})));
        if (exact.length === 1) to.value ||= exact[0];
        note.textContent =
          allowed.length === 0
            ? 'The assistant’s file names nobody, and TRANSFER_ALLOW is empty: there is nowhere to send the caller.'
            : `Allowed: ${allowed.join(', ')}.`;
      },
      refused => (problem.textContent = sentence(refused)),
    );
    return {
      about: [
        h(
          'p',
          {},
          'The assistant falls silent, and the person is called, or the caller waits in the queue. If nobody takes them, they talk with the assistant again.',
        ),
        h('label', {}, 'To ', to),
        places,
        note,
      ],
      act: () => post(`${pathOf(callSid)}/transfer`, {to: to.value.trim()}),
    };
  });

/**
 * A button that asks before it acts. `doing`: what it says from then on. `describe`: the dialog's words, and what to do
 * when somebody agrees; what is refused stands in the dialog, which stays open for another try.
 */
function asking(name, callSid, doing, describe) {
  const button = h('button', {'data-call': `${name} ${callSid}`, onclick: () => open()}, name);
  const open = () => {
    const problem = h('p', {class: 'problem', role: 'alert'});
    const {about, act} = describe(problem);
    const submit = async event => {
      event.preventDefault();
      problem.textContent = '';
      try {
        await act();
      } catch (refused) {
        problem.textContent = sentence(refused);
        return;
      }
      dialog.close();
      button.disabled = true;
      button.textContent = doing;
    };
    const dialog = h(
      'dialog',
      {onclose: () => dialog.remove(), 'aria-label': name},
      h('h2', {}, `${name}?`),
      h(
        'form',
        {onsubmit: submit},
        about,
        problem,
        h(
          'div',
          {class: 'choices'},
          h('button', {type: 'button', autofocus: true, onclick: () => dialog.close()}, 'Keep'),
          h('button', {class: 'primary'}, name),
        ),
      ),
    );
    document.body.append(dialog);
    dialog.showModal();
  };
  return button;
}
