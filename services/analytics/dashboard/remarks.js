import {post, remove} from './api.js';
import {card, h, sentence} from './dom.js';
import {moment} from './format.js';
import {change, linkTo} from './url-state.js';

/** The tags and the remarks on a call, with fields for more. A tag leads to the calls that have it. */
export function remarksCard({call, remarks}) {
  const path = `/api/calls/${encodeURIComponent(call.callSid)}`;
  return card({title: 'Tags and remarks', about: 'what analysts have to say about this call'}, () => {
    const problem = h('p', {class: 'problem', role: 'alert'});
    const act = async ask => {
      problem.textContent = '';
      try {
        await ask();
        change({});
      } catch (refused) {
        problem.textContent = sentence(refused);
      }
    };
    const off = (what, label) =>
      h('button', {class: 'plain', 'aria-label': label, onclick: () => act(() => remove(what))}, '×');
    const field = (name, label, send) => {
      const input = h('input', {name, maxlength: name === 'tag' ? 40 : 2_000, required: true});
      const submit = event => {
        event.preventDefault();
        void act(() => send(input.value.trim()));
      };
      return h('form', {onsubmit: submit}, h('label', {}, label, input), ' ', h('button', {}, 'Add'));
    };
    return h(
      'div',
      {class: 'remarks'},
      h(
        'p',
        {},
        call.tags.map(tag => [
          h('a', {class: 'pill', ...linkTo({call: '', at: '', tag})}, tag),
          off(`${path}/tags/${encodeURIComponent(tag)}`, `take the tag ${tag} off`),
          ' ',
        ]),
      ),
      field('tag', 'Tag ', tag => post(`${path}/tags`, {tag: tag.toLowerCase().replaceAll(/\s+/g, '-')})),
      h(
        'ul',
        {},
        remarks.map(({id, at, who, text}) =>
          h(
            'li',
            {},
            text,
            ' ',
            h('span', {class: 'quiet'}, `${moment(at, true)}${who === null ? '' : `, ${who}`}`),
            off(`${path}/remarks/${id}`, 'take this remark away'),
          ),
        ),
      ),
      field('remark', 'Remark ', text => post(`${path}/remarks`, {text})),
      problem,
    );
  });
}
