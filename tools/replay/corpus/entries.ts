import {collectDigits} from '@voicebridge/assistant';
import type {Scene, SceneOptions} from '../scene.ts';
import {nextTurn, uses, withTools} from './replies.ts';

const pin = withTools({
  enter_pin: collectDigits({as: 'pin', digits: {min: 3, max: 4}, timeoutMs: 6_000, pauseMs: 1_500}),
});

async function asked(scene: Scene): Promise<void> {
  await scene.isTold();
  await scene.says(1_000);
  await scene.waits(2_500);
}

/** Calls whose caller enters digits for a tool, in other ways than the usual. */
export const ENTRIES: readonly SceneOptions[] = [
  {
    name: 'too-few-digits',
    ...pin,
    script: uses('enter_pin'),
    async caller(scene) {
      await asked(scene);
      await scene.presses('47#');
      await scene.isTold();
      await nextTurn(scene);
      scene.hangsUp();
    },
  },
  {
    name: 'digits-entered-anew',
    ...pin,
    script: uses('enter_pin'),
    async caller(scene) {
      await asked(scene);
      await scene.presses('99*4711');
      await scene.isTold();
      await nextTurn(scene);
      scene.hangsUp();
    },
  },
  {
    name: 'nothing-entered',
    ...pin,
    script: uses('enter_pin'),
    async caller(scene) {
      await asked(scene);
      await scene.waits(9_000);
      await scene.isTold();
      scene.hangsUp();
    },
  },
  {
    // They know what they will be asked for.
    name: 'digits-before-the-question',
    ...pin,
    script: uses('enter_pin'),
    async caller(scene) {
      await scene.isTold();
      await scene.says(1_000);
      await scene.presses('47');
      await scene.waits(2_500);
      await scene.presses('11');
      await scene.isTold();
      scene.hangsUp();
    },
  },
  {
    name: 'digits-while-the-worker-is-lost',
    ...pin,
    script: uses('enter_pin'),
    async caller(scene) {
      await asked(scene);
      await scene.presses('47');
      scene.bridge.killWorker(400);
      await scene.presses('1');
      await scene.waits(600);
      await scene.presses('1');
      await scene.isTold();
      scene.hangsUp();
    },
  },
];
