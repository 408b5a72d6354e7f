import type {SceneOptions} from '../scene.ts';
import {nextTurn, oneTurn, say, talks} from './replies.ts';

/** Calls in which somebody waits: for an answer, for a caller who says nothing, for the end of a limit. */
export const WAITING: readonly SceneOptions[] = [
  {
    // Each “hello?” is answered by nobody, and the wait goes on.
    name: 'caller-who-says-hello-again',
    assistant: {answerWithinSeconds: 8},
    script: talks,
    knobs: {answerFaults: ['none', 'swallowed', 'swallowed', 'swallowed', 'swallowed']},
    async caller(scene) {
      await scene.isTold();
      await scene.says(900);
      for (let hellos = 0; hellos < 4; hellos += 1) {
        await scene.waits(2_900);
        await scene.says(500);
      }
      await scene.waits(14_000);
      scene.hangsUp();
    },
  },
  {
    name: 'answer-that-stops-in-mid-sentence',
    script: talks,
    knobs: {answerFaults: ['none', 'max-tokens']},
    async caller(scene) {
      await oneTurn(scene);
      await nextTurn(scene);
      scene.hangsUp();
    },
  },
  {
    name: 'answer-that-stops-again-and-again',
    script: talks,
    knobs: {answerFaults: ['none', 'max-tokens', 'max-tokens', 'max-tokens', 'max-tokens']},
    async caller(scene) {
      await oneTurn(scene);
      await scene.waits(4_000);
      scene.hangsUp();
    },
  },
  {
    name: 'content-filter',
    script: talks,
    knobs: {answerFaults: ['none', 'content-filter']},
    async caller(scene) {
      await oneTurn(scene);
      await nextTurn(scene);
      scene.hangsUp();
    },
  },
  {
    name: 'rate-limit',
    script: talks,
    knobs: {answerFaults: ['none', 'rate-limited'], rateLimitMs: [1_800, 1_800]},
    async caller(scene) {
      await oneTurn(scene);
      await nextTurn(scene);
      scene.hangsUp();
    },
  },
  {
    // Too long for silence: the carrier asks the caller to wait, and gives them another stream.
    name: 'long-rate-limit',
    script: talks,
    knobs: {answerFaults: ['none', 'rate-limited'], rateLimitMs: [9_000, 9_000]},
    async caller(scene) {
      await oneTurn(scene);
      await scene.waits(9_000);
      await nextTurn(scene);
      scene.hangsUp();
    },
  },
  {
    name: 'answer-that-stalls',
    script: talks,
    knobs: {answerFaults: ['none', 'stalls']},
    async caller(scene) {
      await oneTurn(scene);
      await scene.waits(6_000);
      await nextTurn(scene);
      scene.hangsUp();
    },
  },
  {
    name: 'turn-that-the-server-does-not-answer',
    script: talks,
    knobs: {answerFaults: ['none', 'swallowed']},
    async caller(scene) {
      await oneTurn(scene);
      await nextTurn(scene);
      scene.hangsUp();
    },
  },
  {
    name: 'nobody-answers-and-no-mark-comes-back',
    assistant: {idle: {promptSeconds: 4}},
    marks: {lost: 1},
    script: () => say(1_500),
    async caller(scene) {
      await scene.isTold();
      await scene.waits(30_000);
    },
  },
  {
    // It hears a long answer meanwhile: that is no silence.
    name: 'silent-caller-who-is-told-a-lot',
    assistant: {idle: {promptSeconds: 3, hangUp: false}},
    script: ({kind}) => say(kind === 'greeting' ? 1_600 : 12_000),
    async caller(scene) {
      await scene.isTold();
      await scene.says(1_000);
      await scene.isTold();
      await scene.waits(3_000);
      await scene.isTold();
      await scene.waits(9_000);
      scene.hangsUp();
    },
  },
  {
    name: 'longest-call',
    assistant: {maxCallSeconds: 12},
    script: talks,
    async caller(scene) {
      await oneTurn(scene);
      await scene.waits(14_000);
    },
  },
  {
    name: 'nobody-speaks',
    assistant: {greeting: 'off', idle: {promptSeconds: 0, endSeconds: 20}},
    script: talks,
    async caller(scene) {
      await scene.waits(32_000);
    },
  },
];
