import type {Millis} from '@voicebridge/shared/time.ts';
import {defaultScript} from '../../simulators/openai/src/answering/default-script.ts';
import type {Reply, Turn} from '../../simulators/openai/src/answering/model-script.ts';
import type {ModelDoes} from './call-file.ts';

const MS_PER_LETTER: Millis = 55;
const SHORTEST: Millis = 400;

/** What it says where the product asks for a sentence of its own, and the words by which it asks. */
const ASKED: readonly (readonly [RegExp, string])[] = [
  [/ask whether they are still there/, 'Are you still there?'],
  [/ask them to say it again/, 'Could you say that again, please?'],
  [/say goodbye\. Ask nothing/, 'Goodbye.'],
  [/stopped by a content filter/, 'I cannot talk about that. How else can I help?'],
];
const VERBATIM = /Say exactly these words, and no others(?:, then stop)?: "(?<words>[^]+?)"(?: Then stop\.)?\s*$/;
const CUT_OFF = /Your voice was cut off for a technical reason (?:after the words: "(?<words>[^]*)"\.)?/;
const GREETING = 'Hello! How can I help you?';
const NOTHING_LEFT = 'Is there anything else I can do for you?';

/**
 * A model that gives the replies of a rehearsal in order, one to each turn of the caller and one to the results of its
 * tools. What is asked again, by another worker or in another session, gets the same reply again: a turn is known by how
 * much of the conversation is before it. Without replies it is the restaurant of the simulator.
 */
export function scriptedModel(replies: readonly ModelDoes[]): (turn: Turn) => Reply {
  const given = new Map<string, number>();
  let spoken = '';
  const say = (text: string): Reply => [spokenPart(text)];
  return turn => {
    const {instructions, session} = turn;
    const {words} = VERBATIM.exec(instructions)?.groups ?? {};
    if (words !== undefined) return say(words);
    const asked = ASKED.find(([by]) => by.test(instructions));
    if (asked) return say(asked[1]);
    const cutOff = CUT_OFF.exec(instructions);
    if (cutOff && spoken !== '') return say(restAfter(spoken, cutOff.groups?.['words'] ?? ''));
    const turns = session.items.filter(({role, text}) => role === 'user' || text.startsWith('The caller pressed'));
    const results = session.items.filter(({type}) => type === 'function_call_output');
    if (turns.length === 0 && results.length === 0) return say(GREETING);
    if (replies.length === 0) return defaultScript(turn);
    const place = `${turns.length} ${results.length}`;
    const index = given.get(place) ?? given.size;
    given.set(place, index);
    const reply = replies[index] ?? {says: NOTHING_LEFT};
    spoken = reply.says ?? '';
    return partsOf(reply);
  };
}

function partsOf({says, calls = []}: ModelDoes): Reply {
  const called = [calls].flat().flatMap(tools => Object.entries(tools));
  return [
    ...(says === undefined ? [] : [spokenPart(says)]),
    ...called.map(([name, args]) => ({call: {name, arguments: args}})),
  ];
}

function spokenPart(text: string): Reply[number] {
  return {say: {text, audioMs: Math.max(SHORTEST, text.length * MS_PER_LETTER)}};
}

/** What is left of a sentence after the words that were heard last. */
function restAfter(sentence: string, heard: string): string {
  const at = heard === '' ? -1 : sentence.lastIndexOf(heard.slice(-40));
  const rest = at < 0 ? sentence : sentence.slice(at + Math.min(40, heard.length)).trim();
  return rest === '' ? sentence : rest;
}
