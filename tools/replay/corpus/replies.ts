import {tool} from '@voicebridge/assistant';
import type {AssistantInput} from '@voicebridge/assistant/definition.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {z} from 'zod';
import type {ModelScript, Reply} from '../../../simulators/openai/src/answering/model-script.ts';
import type {Scene} from '../scene.ts';

const WORDS = 'We are open from nine to five, and on Sundays from eleven to three. ';
export const say = (audioMs: Millis): Reply => [{say: {text: WORDS.repeat(Math.ceil(audioMs / 4_000)), audioMs}}];
export const calls = (...names: string[]): Reply => names.map(name => ({call: {name, arguments: {}}}));
export const talks: ModelScript = ({kind}) => say(kind === 'greeting' ? 1_600 : 3_600);
/** One turn of the caller calls tools; everything else is talk. */
export const uses =
  (...names: string[]): ModelScript =>
  ({kind, number}) =>
    kind === 'turn' && number === 2 ? calls(...names) : say(kind === 'greeting' ? 1_200 : 2_400);

const about = 'Looks something up.';
const input = z.object({});
export const lookUp = (run: (signal: AbortSignal) => Promise<string>) =>
  tool({about, input, timeoutMs: 4_000, run: async (_input, call) => await run(call.signal)});

export const withTools = (tools: NonNullable<AssistantInput['tools']>): {assistant: AssistantInput} => ({
  assistant: {tools},
});

/** The greeting, and one thing that the caller says. */
export async function oneTurn(scene: Scene): Promise<void> {
  await scene.isTold();
  await nextTurn(scene);
}

export async function nextTurn(scene: Scene): Promise<void> {
  await scene.says(1_200);
  await scene.isTold();
}
