import {post} from './api.js';
import {h, sentence} from './dom.js';

/** The sign-in form; calls `done` after the right password. */
export function signInForm(done) {
  const problem = h('p', {class: 'problem', role: 'alert'});
  const input = h('input', {
    type: 'password',
    name: 'password',
    autocomplete: 'current-password',
    required: true,
    'aria-label': 'Password',
    placeholder: 'Password',
  });
  const submit = async event => {
    event.preventDefault();
    problem.textContent = '';
    try {
      await post('/api/sign-in', {password: input.value});
      done();
    } catch (refused) {
      problem.textContent = sentence(refused);
      input.select();
    }
  };
  const form = h(
    'form',
    {class: 'card sign-in', onsubmit: submit},
    h('h1', {}, 'Sign in'),
    input,
    h('button', {class: 'primary'}, 'Sign in'),
    problem,
  );
  requestAnimationFrame(() => input.focus());
  return form;
}
