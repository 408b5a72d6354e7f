import type {SceneOptions} from '../scene.ts';
import {nextTurn, say, talks} from './replies.ts';

const TOLD = {disclosure: 'You speak with a machine, and this call is recorded.'};

/** Calls of which the first words must be said whole, or wait for something. */
export const OPENING: readonly SceneOptions[] = [
  {
    name: 'disclosure-then-greeting',
    assistant: TOLD,
    script: talks,
    async caller(scene) {
      await scene.hears();
      await scene.waits(500);
      await scene.says(700);
      await scene.isTold();
      await nextTurn(scene);
      scene.hangsUp();
    },
  },
  {
    name: 'keys-in-the-disclosure',
    assistant: TOLD,
    script: () => say(3_000),
    async caller(scene) {
      await scene.hears();
      await scene.waits(800);
      await scene.presses('1#');
      await scene.isTold();
      await scene.isTold();
      scene.hangsUp();
    },
  },
  {
    // It is said again, whole.
    name: 'disclosure-that-breaks-off',
    assistant: TOLD,
    script: () => say(4_000),
    knobs: {speed: [1.2, 1.2]},
    async caller(scene) {
      await scene.hears();
      await scene.waits(900);
      scene.model.breakSession();
      await scene.isTold();
      await nextTurn(scene);
      scene.hangsUp();
    },
  },
  {
    name: 'machine-that-speaks-after-its-beep',
    facts: {direction: 'outbound'},
    assistant: {voicemail: {instruct: 'Ask them to call back.'}},
    script: ({kind}) => say(kind === 'greeting' ? 1_600 : 6_000),
    async caller(scene) {
      await scene.hears();
      await scene.says(1_500);
      scene.bridge.session?.answeredBy('machine_end_beep');
      await scene.waits(2_500);
      await scene.says(1_200);
      await scene.waits(12_000);
    },
  },
  {
    name: 'stream-that-never-comes-back',
    script: talks,
    async caller(scene) {
      await scene.hears();
      await scene.waits(900);
      scene.losesStreamForGood();
      await scene.waits(20_000);
    },
  },
];
