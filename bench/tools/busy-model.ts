import type {ModelScript, Reply} from '../../simulators/openai/src/answering/model-script.ts';

/** What the model calls at a time: a POST, code and two GETs. */
const AT_ONCE = ['order', 'find', 'book', 'find'] as const;
/** So often it does that before it answers a turn. */
const ROUNDS = 2;
const WORD_FOR_WORD = /Say exactly these words, and no others(?:, then stop)?: "(?<words>[^"]+)"/;

const says = (text: string): Reply => [{say: {text, audioMs: 400}}];

/**
 * A model that answers each turn of the caller with the results of many tools: it calls four at once, then four more, and
 * then it speaks. It knows by the conversation how far it is, so that another session goes on where the last one was.
 * `callsNoMore`: from now on it only speaks.
 */
export function busyModel(callsNoMore: () => boolean): ModelScript {
  return ({number, instructions, session: {id, items}}) => {
    const {words} = WORD_FOR_WORD.exec(instructions)?.groups ?? {};
    if (words !== undefined) return says(words);
    const turnAt = items.findLastIndex(({role}) => role === 'user');
    const called = items.slice(turnAt + 1).filter(({type}) => type === 'function_call').length;
    if (turnAt < 0 || callsNoMore() || called >= ROUNDS * AT_ONCE.length) return says('Thank you, that is done.');
    return AT_ONCE.map((name, n) => ({call: {name, arguments: {dish: `${id}-${number}-${n}`}}}));
  };
}
