import {collectDigits} from '@voicebridge/assistant';
import type {SceneOptions} from '../scene.ts';
import {calls, lookUp, nextTurn, oneTurn, say, uses, withTools} from './replies.ts';

/** Nothing can wait on a virtual clock but what is driven by it: these answer at once, or never. */
const never = new Promise<never>(() => {});

/** A tool that answers when the scene says so, on the virtual clock. */
let answerSlowTool = (_result: string) => {};
const slowTool = lookUp(
  async () =>
    await new Promise<string>(resolve => {
      answerSlowTool = resolve;
    }),
);

/** Calls in which the assistant uses tools. */
export const TOOLS: readonly SceneOptions[] = [
  {
    name: 'digits-for-a-tool',
    ...withTools({
      enter_pin: collectDigits({as: 'pin', digits: 4}),
    }),
    script: uses('enter_pin'),
    async caller(scene) {
      await scene.isTold();
      await scene.says(1_000);
      await scene.waits(2_000);
      await scene.presses('4711');
      await scene.isTold();
      scene.hangsUp();
    },
  },
  {
    name: 'tools-in-parallel',
    ...withTools({first: lookUp(async () => 'one'), second: lookUp(async () => 'two')}),
    script: uses('first', 'second'),
    async caller(scene) {
      await oneTurn(scene);
      scene.hangsUp();
    },
  },
  {
    name: 'tool-without-an-answer',
    ...withTools({slow: lookUp(() => never)}),
    script: uses('slow'),
    async caller(scene) {
      await oneTurn(scene);
      scene.hangsUp();
    },
  },
  {
    name: 'slow-tool-that-answers',
    ...withTools({slow: slowTool}),
    script: uses('slow'),
    async caller(scene) {
      await scene.isTold();
      await scene.says(1_200);
      await scene.waits(3_000);
      answerSlowTool('a table for four is free');
      await scene.isTold();
      await nextTurn(scene);
      scene.hangsUp();
    },
  },
  {
    name: 'interrupted-while-a-tool-runs',
    ...withTools({slow: slowTool}),
    script: ({kind, number}) =>
      kind === 'turn' && number === 2 ? [...say(2_000), ...calls('slow')] : say(kind === 'greeting' ? 1_200 : 2_400),
    async caller(scene) {
      await scene.isTold();
      await scene.says(1_000);
      await scene.hears();
      await scene.waits(600);
      await scene.says(900);
      await scene.waits(1_500);
      answerSlowTool('done');
      await scene.isTold();
      scene.hangsUp();
    },
  },
  {
    name: 'tool-that-fails',
    ...withTools({
      broken: lookUp(async () => {
        throw new Error('no such table');
      }),
    }),
    script: uses('broken'),
    async caller(scene) {
      await oneTurn(scene);
      scene.hangsUp();
    },
  },
];
