import type {Millis} from '@voicebridge/shared/time.ts';
import type {Scene, SceneOptions} from '../scene.ts';
import {nextTurn, oneTurn, say, talks} from './replies.ts';

/** Calls in which nothing fails: who speaks, who interrupts, who is silent. */
export const TALK: readonly SceneOptions[] = [
  {
    name: 'conversation',
    script: talks,
    async caller(scene) {
      await oneTurn(scene);
      await scene.says(900);
      await scene.isTold();
      scene.hangsUp();
    },
  },
  {
    name: 'interruption',
    script: talks,
    async caller(scene) {
      await scene.isTold();
      await scene.says(1_000);
      await scene.hears();
      await scene.waits(1_300);
      await scene.says(1_400);
      await scene.isTold();
      scene.hangsUp();
    },
  },
  {
    name: 'interruptions-in-a-row',
    script: talks,
    async caller(scene) {
      await scene.isTold();
      for (const after of [400, 900, 2_000]) {
        await scene.says(800);
        await scene.hears();
        await scene.waits(after);
      }
      await scene.says(1_000);
      await scene.isTold();
      scene.hangsUp();
    },
  },
  {
    // So little is missing that the model is not told: the answer counts as heard.
    name: 'interrupted-in-the-last-word',
    script: ({kind}) => say(kind === 'greeting' ? 1_200 : 3_000),
    caller: scene => interruptsOnce(scene, 2_840),
  },
  {
    // A little more is missing: the model is told.
    name: 'interrupted-before-the-last-word',
    script: ({kind}) => say(kind === 'greeting' ? 1_200 : 3_000),
    caller: scene => interruptsOnce(scene, 2_760),
  },
  {
    name: 'interrupted-greeting',
    script: () => say(5_000),
    async caller(scene) {
      await scene.hears();
      await scene.waits(200);
      await scene.says(1_500);
      await scene.isTold();
      scene.hangsUp();
    },
  },
  {
    name: 'greeting-protected',
    assistant: {interruption: {greetingProtectedMs: 3_000}},
    script: () => say(5_000),
    async caller(scene) {
      await scene.hears();
      await scene.waits(700);
      // Too early: the greeting goes on.
      await scene.says(900);
      await scene.waits(1_900);
      // Now the caller may interrupt it.
      await scene.says(1_200);
      await scene.isTold();
      scene.hangsUp();
    },
  },
  {
    name: 'false-interruption',
    assistant: {interruption: {mode: 'resume', noiseMs: 600}},
    script: () => say(5_000),
    knobs: {transcription: 'absent'},
    async caller(scene) {
      await scene.hears();
      await scene.waits(1_500);
      await scene.says(240);
      await scene.isTold();
      scene.hangsUp();
    },
  },
  {
    name: 'noise-too-short',
    assistant: {interruption: {minSpeechMs: 500}},
    script: () => say(5_000),
    async caller(scene) {
      await scene.hears();
      await scene.waits(1_500);
      await scene.says(260);
      await scene.waits(1_200);
      await scene.says(1_400);
      await scene.isTold();
      scene.hangsUp();
    },
  },
  {
    // Neither noise is long enough. The turn that the model’s server makes of both is, when it is over.
    name: 'two-noises-in-one-turn',
    assistant: {interruption: {minSpeechMs: 500}},
    script: () => say(6_000),
    async caller(scene) {
      await scene.hears();
      await scene.waits(1_500);
      await scene.says(180);
      await scene.waits(340);
      await scene.says(180);
      await scene.isTold();
      scene.hangsUp();
    },
  },
  {
    name: 'interruption-without-marks',
    marks: {lost: 1},
    script: ({kind}) => say(kind === 'greeting' ? 1_200 : 5_000),
    caller: scene => interruptsOnce(scene, 1_800),
  },
  {
    name: 'never-interrupted',
    assistant: {interruption: {never: true}},
    script: talks,
    async caller(scene) {
      await scene.hears();
      await scene.says(700);
      await scene.isTold();
      await scene.isTold();
      scene.hangsUp();
    },
  },
  {
    name: 'keys',
    script: () => say(4_000),
    async caller(scene) {
      await scene.hears();
      await scene.waits(800);
      await scene.presses('12#');
      await scene.isTold();
      scene.hangsUp();
    },
  },
  {
    // No key ends what they press: a pause does.
    name: 'keys-and-a-pause',
    script: () => say(4_000),
    async caller(scene) {
      await scene.hears();
      await scene.waits(800);
      await scene.presses('12');
      await scene.isTold();
      scene.hangsUp();
    },
  },
  {
    name: 'nobody-answers-the-assistant',
    assistant: {idle: {promptSeconds: 4}},
    script: () => say(1_500),
    async caller(scene) {
      await scene.isTold();
      await scene.waits(30_000);
    },
  },
  {
    name: 'long-call',
    script: talks,
    async caller(scene) {
      await scene.isTold();
      for (let turns = 0; turns < 25; turns += 1) {
        await nextTurn(scene);
        if (turns % 5 === 4) await scene.waits(6_000);
      }
      scene.hangsUp();
    },
  },
];

/** Interrupts one answer, so long after it became audible. */
async function interruptsOnce(scene: Scene, after: Millis): Promise<void> {
  await scene.isTold();
  await scene.says(1_000);
  await scene.hears();
  await scene.waits(after);
  await scene.says(900);
  await scene.isTold();
  scene.hangsUp();
}
