import type {SceneOptions} from '../scene.ts';
import {nextTurn, oneTurn, say, talks} from './replies.ts';

/** Calls in which a stream, a worker or the model is lost. */
export const FAILURES: readonly SceneOptions[] = [
  {
    name: 'stream-lost',
    script: () => say(6_000),
    async caller(scene) {
      await scene.hears();
      await scene.waits(2_000);
      scene.losesStream();
      await scene.isTold();
      await scene.says(1_000);
      await scene.isTold();
      scene.hangsUp();
    },
  },
  {
    name: 'worker-lost',
    script: () => say(5_000),
    async caller(scene) {
      await oneTurn(scene);
      await scene.says(1_000);
      await scene.hears();
      await scene.waits(1_500);
      scene.bridge.killWorker();
      await scene.isTold();
      scene.hangsUp();
    },
  },
  {
    name: 'worker-drained',
    script: talks,
    async caller(scene) {
      await oneTurn(scene);
      scene.bridge.session?.drain();
      await scene.waits(1_000);
      await scene.says(1_000);
      await scene.isTold();
      scene.hangsUp();
    },
  },
  {
    // There is no pause to wait for.
    name: 'worker-drained-in-a-long-answer',
    script: ({kind}) => say(kind === 'greeting' ? 1_600 : 14_000),
    async caller(scene) {
      await scene.isTold();
      await scene.says(1_000);
      await scene.hears();
      await scene.waits(1_000);
      scene.bridge.session?.drain();
      await scene.isTold();
      scene.hangsUp();
    },
  },
  {
    name: 'model-lost',
    script: () => say(5_000),
    async caller(scene) {
      await oneTurn(scene);
      await scene.says(1_000);
      await scene.hears();
      await scene.waits(1_000);
      scene.model.breakSession();
      await scene.isTold();
      await scene.says(1_000);
      await scene.isTold();
      scene.hangsUp();
    },
  },
  {
    name: 'session-rotated',
    rotateAfterMs: 9_000,
    script: talks,
    async caller(scene) {
      await oneTurn(scene);
      for (let turns = 0; turns < 3; turns += 1) await nextTurn(scene);
      scene.hangsUp();
    },
  },
  {
    name: 'model-says-nothing',
    script: talks,
    knobs: {everyAnswer: 'swallowed'},
    async caller(scene) {
      await scene.waits(30_000);
    },
  },
];
