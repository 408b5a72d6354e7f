import {crc32} from 'node:zlib';
import {collectDigits, tool, transfer} from '@voicebridge/assistant';
import type {AssistantInput} from '@voicebridge/assistant/definition.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {z} from 'zod';
import type {ModelScript, Reply} from '../../simulators/openai/src/answering/model-script.ts';
import {Scene, type SceneOptions} from './scene.ts';

const WORDS = 'We are open from nine to five, and on Sundays from eleven to three. ';
const say = (audioMs: Millis): Reply => [{say: {text: WORDS.repeat(Math.ceil(audioMs / 4_000)), audioMs}}];
const calls = (...names: string[]): Reply => names.map(name => ({call: {name, arguments: {}}}));
const talks: ModelScript = ({kind}) => say(kind === 'greeting' ? 1_600 : 3_600);
/** One turn of the caller calls tools; everything else is talk. */
const uses =
  (...names: string[]): ModelScript =>
  ({kind, number}) =>
    kind === 'turn' && number === 2 ? calls(...names) : say(kind === 'greeting' ? 1_200 : 2_400);

const about = 'Looks something up.';
const input = z.object({});
const lookUp = (run: (signal: AbortSignal) => Promise<string>) =>
  tool({about, input, timeoutMs: 4_000, run: async (_input, call) => await run(call.signal)});
/** Nothing can wait on a virtual clock but what is driven by it: these answer at once, or never. */
const never = new Promise<never>(() => {});

const withTools = (tools: NonNullable<AssistantInput['tools']>): {assistant: AssistantInput} => ({assistant: {tools}});

/** A tool that answers when the scene says so, on the virtual clock. */
let answerSlowTool = (_result: string) => {};
const slowTool = lookUp(
  async () =>
    await new Promise<string>(resolve => {
      answerSlowTool = resolve;
    }),
);

/** The greeting, and one thing that the caller says. */
async function oneTurn(scene: Scene): Promise<void> {
  await scene.isTold();
  await nextTurn(scene);
}

async function nextTurn(scene: Scene): Promise<void> {
  await scene.says(1_200);
  await scene.isTold();
}

/** The calls of the corpus, one of each kind. */
export const SCENES: readonly SceneOptions[] = [
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
  {
    name: 'transfer-and-back',
    ...withTools({colleague: transfer({to: '+4722334455', when: 'The caller asks for a person.'})}),
    script: ({kind, number}) =>
      kind === 'turn' && number === 2
        ? [{call: {name: 'colleague', arguments: {summary: 'They want a person.'}}}]
        : say(2_000),
    async caller(scene) {
      await oneTurn(scene);
      await scene.waits(6_000);
      await scene.isTold();
      await scene.says(1_000);
      await scene.isTold();
      scene.hangsUp();
    },
  },
  {
    name: 'transfer-accepted',
    away: 'accepted',
    ...withTools({colleague: transfer({to: '+4722334455', when: 'The caller asks for a person.'})}),
    script: ({kind, number}) =>
      kind === 'turn' && number === 2
        ? [{call: {name: 'colleague', arguments: {summary: 'They want a person.'}}}]
        : say(2_000),
    async caller(scene) {
      await oneTurn(scene);
      await scene.waits(8_000);
    },
  },
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
    name: 'nobody-answers-the-assistant',
    assistant: {idle: {promptSeconds: 4}},
    script: () => say(1_500),
    async caller(scene) {
      await scene.isTold();
      await scene.waits(30_000);
    },
  },
  {
    name: 'assistant-hangs-up',
    script: uses('hang_up'),
    async caller(scene) {
      await oneTurn(scene);
      await scene.waits(4_000);
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

/** Plays a call of the corpus, and returns its capture. */
export async function captureScene(options: SceneOptions): Promise<string> {
  return await new Scene(options, crc32(options.name) % 100_000).play();
}
