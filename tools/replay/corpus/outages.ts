import type {SceneOptions} from '../scene.ts';
import {nextTurn, oneTurn, say, talks} from './replies.ts';

/** Calls in which something between our own processes fails, or moves. */
export const OUTAGES: readonly SceneOptions[] = [
  {
    // What was on its way is heard when Redis is back, and the caller interrupts it then.
    name: 'redis-away-in-an-answer',
    script: ({kind}) => say(kind === 'greeting' ? 1_200 : 8_000),
    knobs: {speed: [1.2, 1.2]},
    async caller(scene) {
      await scene.isTold();
      await scene.says(1_000);
      await scene.hears();
      await scene.waits(800);
      scene.bridge.setDown(true);
      await scene.waits(3_000);
      scene.bridge.setDown(false);
      await scene.waits(1_500);
      await scene.says(900);
      await scene.isTold();
      scene.hangsUp();
    },
  },
  {
    // Audio was given up meanwhile: the answer goes on from where the caller stopped hearing it.
    name: 'redis-away-for-long',
    script: ({kind}) => say(kind === 'greeting' ? 1_200 : 9_000),
    knobs: {speed: [1.2, 1.2]},
    async caller(scene) {
      await scene.isTold();
      await scene.says(1_000);
      await scene.hears();
      await scene.waits(800);
      scene.bridge.setDown(true);
      await scene.waits(12_500);
      scene.bridge.setDown(false);
      await scene.isTold();
      await nextTurn(scene);
      scene.hangsUp();
    },
  },
  {
    name: 'edge-drained',
    script: talks,
    async caller(scene) {
      await oneTurn(scene);
      scene.bridge.drainEdge();
      await scene.waits(1_500);
      await nextTurn(scene);
      scene.hangsUp();
    },
  },
  {
    // The model refuses this worker, and not another one.
    name: 'moved-to-a-worker-that-can-use-the-model',
    script: talks,
    async caller(scene) {
      await oneTurn(scene);
      scene.refusesFirstWorker = true;
      scene.model.breakSession();
      await scene.waits(1_200);
      scene.bridge.isBetterElsewhere = true;
      await scene.waits(3_000);
      await nextTurn(scene);
      scene.hangsUp();
    },
  },
  {
    name: 'key-and-speech-while-the-worker-is-lost',
    script: () => say(3_000),
    async caller(scene) {
      await oneTurn(scene);
      await scene.says(900);
      await scene.presses('4');
      scene.bridge.killWorker(300);
      await scene.says(700);
      await scene.isTold();
      scene.hangsUp();
    },
  },
  {
    // Nobody could hear what they said meanwhile: they are asked to say it again.
    name: 'silent-after-a-lost-stream',
    assistant: {answerWithinSeconds: 5},
    script: ({kind}) => say(kind === 'greeting' ? 1_200 : 2_000),
    async caller(scene) {
      await oneTurn(scene);
      scene.losesStream();
      await scene.waits(12_000);
      scene.hangsUp();
    },
  },
  {
    name: 'model-that-refuses-for-good',
    script: talks,
    async caller(scene) {
      await oneTurn(scene);
      scene.model.breakSession({type: 'lost', cause: 'refused', detail: 'the key is not accepted'});
      await scene.waits(6_000);
    },
  },
];
