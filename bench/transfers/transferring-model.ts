import type {ModelScript, Reply} from '../../simulators/openai/src/answering/model-script.ts';

const WORD_FOR_WORD = /Say exactly these words, and no others(?:, then stop)?: "(?<words>[^"]+)"/;
const says = (text: string): Reply => [{say: {text, audioMs: 600}}];

/** A model that sends each caller to a person when they first say something, and reports the outcome. */
export const transferringModel: ModelScript = ({kind, instructions, session: {items}}) => {
  const {words} = WORD_FOR_WORD.exec(instructions)?.groups ?? {};
  if (words !== undefined) return says(words);
  if (kind === 'greeting') return says('Hello.');
  if (items.some(({type}) => type === 'function_call_output')) return says('Nobody is there. Can I help you?');
  return [{call: {name: 'to_person', arguments: {summary: 'Ada wants to change her order.'}}}];
};
