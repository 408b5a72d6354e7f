import {h} from './dom.js';

const LABEL = 'Make a test of this call';

/** Downloads a test of a call for `npm run rehearse`; nothing where it is known that one may not read what was said. */
export function rehearsalLink({call, transcriptState}) {
  if (transcriptState === 'sign-in' || transcriptState === 'no-password') return '';
  const problem = h('span', {class: 'problem', role: 'alert'});
  const download = async () => {
    problem.textContent = '';
    const answer = await fetch(`/api/calls/${encodeURIComponent(call.callSid)}/rehearsal.yaml`).catch(() => undefined);
    if (!answer?.ok) {
      const {detail = 'Analytics does not answer', cure = ''} = (await answer?.json().catch(() => ({}))) ?? {};
      problem.textContent = ` ${[detail, cure].filter(Boolean).join(': ')}`;
      return;
    }
    const [, name = 'call.yaml'] = /filename="?([^";]+)/.exec(answer.headers.get('content-disposition') ?? '') ?? [];
    const url = URL.createObjectURL(await answer.blob());
    h('a', {href: url, download: name}).click();
    URL.revokeObjectURL(url);
  };
  const title = 'a file for npm run rehearse that plays this caller again';
  return h('span', {}, h('button', {class: 'plain', title, onclick: () => void download()}, LABEL), problem);
}
