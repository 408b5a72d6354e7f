import {tool, transfer} from '@voicebridge/assistant';
import {z} from 'zod';
import type {Scene, SceneOptions} from '../scene.ts';
import {calls, lookUp, nextTurn, oneTurn, say, uses, withTools} from './replies.ts';

let answer = (_result: string) => {};
const answered = async () =>
  await new Promise<string>(resolve => {
    answer = resolve;
  });
const slow = (options: Partial<Parameters<typeof tool>[0]>) =>
  tool({about: 'Looks something up.', input: z.object({}), timeoutMs: 20_000, run: answered, ...options});
const colleague = withTools({colleague: transfer({to: '+4722334455', when: 'The caller asks for a person.'})});
const sends = {call: {name: 'colleague', arguments: {summary: 'They want a person.'}}} as const;

async function asks(scene: Scene): Promise<void> {
  await scene.isTold();
  await scene.says(1_000);
}

/** Calls in which tools take long, are called without end, or meet a caller who speaks. */
export const MORE_TOOLS: readonly SceneOptions[] = [
  {
    name: 'words-while-a-tool-runs',
    ...withTools({slow: slow({while: {say: 'One moment, I am looking.', afterMs: 2_500}})}),
    script: uses('slow'),
    async caller(scene) {
      await asks(scene);
      await scene.waits(9_000);
      answer('a table for four is free');
      await scene.isTold();
      scene.hangsUp();
    },
  },
  {
    // The model speaks of both when it has both.
    name: 'tools-that-end-one-after-the-other',
    ...withTools({first: lookUp(async () => 'one'), slow: slow({})}),
    script: uses('slow', 'first'),
    async caller(scene) {
      await asks(scene);
      await scene.waits(4_000);
      answer('two');
      await scene.isTold();
      scene.hangsUp();
    },
  },
  {
    name: 'tool-that-stops-for-a-caller',
    ...withTools({slow: slow({whenInterrupted: 'cancel'})}),
    script: uses('slow'),
    async caller(scene) {
      await asks(scene);
      await scene.waits(2_500);
      await scene.says(1_000);
      await scene.isTold();
      answer('too late');
      await scene.waits(1_000);
      scene.hangsUp();
    },
  },
  {
    name: 'tool-in-the-background',
    ...withTools({slow: slow({mode: 'background'})}),
    script: uses('slow'),
    async caller(scene) {
      await asks(scene);
      await scene.isTold();
      await nextTurn(scene);
      answer('done');
      await scene.isTold();
      scene.hangsUp();
    },
  },
  {
    // What an interrupted answer still calls is no longer meant.
    name: 'tool-of-an-interrupted-answer',
    script: ({kind, number}) =>
      kind === 'turn' && number === 2 ? [...say(3_000), ...calls('first')] : say(kind === 'greeting' ? 1_200 : 2_400),
    assistant: {interruption: {minSpeechMs: 300}, tools: {first: lookUp(async () => 'one')}},
    knobs: {speed: [1.5, 1.5], frameDelayMs: [400, 400], overlapCalls: false},
    async caller(scene) {
      await asks(scene);
      await scene.hears();
      await scene.waits(1_800);
      await scene.says(1_000);
      await scene.isTold();
      scene.hangsUp();
    },
  },
  {
    name: 'model-that-hangs-up-at-once',
    script: ({kind}) => (kind === 'greeting' ? [...say(1_200), ...calls('hang_up')] : say(2_000)),
    async caller(scene) {
      await scene.isTold();
      await nextTurn(scene);
      scene.hangsUp();
    },
  },
  {
    name: 'tools-without-end',
    assistant: {toolRounds: 2, tools: {first: lookUp(async () => 'one')}},
    script: ({kind}) => (kind === 'greeting' ? say(1_200) : calls('first')),
    async caller(scene) {
      await asks(scene);
      await scene.waits(20_000);
    },
  },
  {
    name: 'caller-speaks-into-the-goodbye',
    script: ({kind, number}) =>
      kind === 'turn' && number === 2 ? [...say(3_000), ...calls('hang_up')] : say(kind === 'greeting' ? 1_200 : 2_400),
    async caller(scene) {
      await asks(scene);
      await scene.hears();
      await scene.waits(2_200);
      await scene.says(900);
      await scene.isTold();
      scene.hangsUp();
    },
  },
  {
    name: 'limit-of-money-and-a-caller-who-goes-on',
    script: () => say(3_000),
    async caller(scene) {
      await asks(scene);
      await scene.hears();
      await scene.waits(900);
      scene.bridge.session?.limitReached('platform.spend-call');
      await scene.says(900);
      await scene.waits(12_000);
    },
  },
  {
    name: 'assistant-says-goodbye',
    script: ({kind, number}) =>
      kind === 'turn' && number === 2 ? [...say(3_000), ...calls('hang_up')] : say(kind === 'greeting' ? 1_200 : 2_400),
    async caller(scene) {
      await asks(scene);
      await scene.waits(9_000);
    },
  },
  {
    name: 'operator-transfers-at-a-limit',
    ...colleague,
    script: () => say(3_000),
    async caller(scene) {
      await asks(scene);
      await scene.hears();
      await scene.waits(700);
      scene.bridge.session?.limitReached('platform.spend-call');
      await scene.waits(500);
      scene.bridge.session?.transfer('+4722334455', []);
      await scene.waits(14_000);
    },
  },
  {
    name: 'result-for-another-session',
    ...withTools({slow: slow({})}),
    script: uses('slow'),
    async caller(scene) {
      await asks(scene);
      await scene.waits(2_500);
      scene.model.breakSession();
      await scene.waits(2_000);
      answer('a table for four is free');
      await scene.isTold();
      scene.hangsUp();
    },
  },
  {
    name: 'answer-that-broke-off-in-mid-item',
    script: () => say(7_000),
    knobs: {speed: [1.3, 1.3]},
    async caller(scene) {
      await asks(scene);
      await scene.hears();
      await scene.waits(1_200);
      scene.model.breakSession();
      await scene.isTold();
      await nextTurn(scene);
      scene.hangsUp();
    },
  },
  {
    name: 'transfer-to-a-busy-line',
    away: 'busy',
    ...colleague,
    script: ({kind, number}) => (kind === 'turn' && number === 2 ? [sends] : say(2_000)),
    async caller(scene) {
      await oneTurn(scene);
      await scene.waits(6_000);
      await scene.isTold();
      await nextTurn(scene);
      scene.hangsUp();
    },
  },
  {
    name: 'told-where-they-go',
    away: 'accepted',
    ...withTools({
      colleague: transfer({to: '+4722334455', when: 'They want a person.', say: 'I connect you with a person.'}),
    }),
    script: ({kind, number}) => (kind === 'turn' && number === 2 ? [sends] : say(2_500)),
    async caller(scene) {
      await oneTurn(scene);
      await scene.waits(9_000);
    },
  },
  {
    name: 'operator-transfers-at-the-goodbye',
    ...colleague,
    script: ({kind, number}) =>
      kind === 'turn' && number === 2 ? [...say(3_000), ...calls('hang_up')] : say(kind === 'greeting' ? 1_200 : 2_400),
    async caller(scene) {
      await asks(scene);
      await scene.hears();
      await scene.waits(2_000);
      scene.bridge.session?.transfer('+4722334455', []);
      await scene.waits(9_000);
      scene.hangsUp();
    },
  },
];
