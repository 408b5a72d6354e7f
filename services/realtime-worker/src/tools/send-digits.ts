import {PLAIN_ORDER} from '@voicebridge/shared/protocol/away.ts';
import {wrongArguments} from './tool-failure.ts';
import type {ImmediateTool} from './tool.ts';

/** A longer row of keys is no answer to a menu. */
const MOST = 40;

/** Presses keys on the line of the call: tones in the audio of a stream would not arrive as keys. */
export const sendDigits: ImmediateTool = {
  name: 'send_digits',
  description:
    'Presses keys of the telephone, for a menu or an extension on the other side. The line is interrupted for a moment; you are told when the keys were pressed.',
  parameters: {
    type: 'object',
    properties: {
      digits: {type: 'string', description: '0 to 9, * and #; w is a pause of half a second', maxLength: MOST},
    },
    required: ['digits'],
    additionalProperties: false,
  },
  runs: 'at-once',
  run({digits}) {
    if (typeof digits !== 'string' || digits.length > MOST || !/^[0-9*#wW]*[0-9*#][0-9*#wW]*$/.test(digits))
      return wrongArguments('send_digits', `digits: must be up to ${MOST} of 0 to 9, *, # and w`);
    const order = {...PLAIN_ORDER, kind: 'digits', to: digits.toLowerCase(), ringSeconds: 1} as const;
    return {kind: 'away', order, say: undefined};
  },
};
