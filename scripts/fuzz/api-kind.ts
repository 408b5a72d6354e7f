import {silentApp} from '../../services/analytics/src/testing/silent-app.ts';
import {SAMPLES} from './samples.ts';

const {ask, token} = await silentApp();

/** Long enough, and with a character that no name of ours has: it stands in no statement by chance. */
const isTelling = (value: string) => value.length >= 8 && /[^\w,.:-]/.test(value);

/** Whole requests to analytics: its routes, the gate before them, and the statements that a question becomes. */
export const API_REQUEST = {
  name: 'api-request',
  samples: [
    ...SAMPLES.requests,
    ...SAMPLES.requests.map(text => text.replace('\n', `\nauthorization: Bearer ${token}\n`)),
  ],
  async check(input: string) {
    const answered = await ask(input);
    if (!answered) return;
    const {status, statements} = answered;
    if (status >= 500 && status !== 503) throw new Error(`it is answered with ${status}`);
    const [, search = ''] = (input.split(' ')[1] ?? '').split('?');
    const values = [...new URLSearchParams(search).values()].filter(isTelling);
    for (const value of values)
      if (statements.some(statement => statement.includes(value))) throw new Error(`a statement holds ${value}`);
  },
};
