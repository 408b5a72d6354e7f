import type {SceneOptions} from '../scene.ts';
import {calls, oneTurn, say, talks, uses} from './replies.ts';

/** Calls that are ended by somebody else than their caller. */
export const ENDINGS: readonly SceneOptions[] = [
  {
    name: 'assistant-hangs-up',
    script: uses('hang_up'),
    async caller(scene) {
      await oneTurn(scene);
      await scene.waits(4_000);
    },
  },
  {
    // That the goodbye was heard is known by the clock alone.
    name: 'assistant-hangs-up-without-marks',
    marks: {lost: 1},
    script: ({kind, number}) =>
      kind === 'turn' && number === 2 ? [...say(1_500), ...calls('hang_up')] : say(kind === 'greeting' ? 1_200 : 2_400),
    async caller(scene) {
      await oneTurn(scene);
      await scene.waits(8_000);
    },
  },
  {
    name: 'operator-hangs-up',
    script: () => say(5_000),
    async caller(scene) {
      await scene.isTold();
      await scene.says(1_000);
      await scene.hears();
      await scene.waits(900);
      scene.bridge.session?.end('operator.hung-up');
      await scene.waits(2_000);
    },
  },
  {
    name: 'limit-of-money',
    script: talks,
    async caller(scene) {
      await scene.isTold();
      await scene.says(1_000);
      await scene.hears();
      await scene.waits(900);
      scene.bridge.session?.limitReached('platform.spend-call');
      await scene.waits(12_000);
    },
  },
  {
    name: 'answering-machine',
    facts: {direction: 'outbound'},
    assistant: {voicemail: {instruct: 'Ask them to call back.'}},
    script: ({kind}) => say(kind === 'greeting' ? 1_600 : 3_000),
    async caller(scene) {
      await scene.hears();
      await scene.says(2_500);
      scene.bridge.session?.answeredBy('machine_end_beep');
      await scene.waits(12_000);
    },
  },
];
