import {assistantClips, type ClipName} from '../../../audio/clips.ts';
import {isRecord} from '../json/json-schema.ts';
import type {Reply, Turn} from './model-script.ts';

/** What it says to which words; anything else gets the next of `ANYTHING`. */
const ANSWERS: readonly {readonly heard: RegExp; readonly say: ClipName}[] = [
  {heard: /sunday/i, say: 'assistant-sunday'},
  {heard: /opening hours|saturday/i, say: 'assistant-opening-hours'},
  {heard: /book|table/i, say: 'assistant-booked'},
  {heard: /hold on|wait|stop/i, say: 'assistant-sorry'},
  {heard: /\byes\b/i, say: 'assistant-booked'},
  {heard: /anybody there|hello/i, say: 'assistant-anything-else'},
];

const ANYTHING: readonly ClipName[] = [
  'assistant-opening-hours',
  'assistant-directions',
  'assistant-sunday',
  'assistant-booked',
  'assistant-anything-else',
];

/**
 * A restaurant that answers its phone: greets, answers in recorded speech, says goodbye to a goodbye and calls `hang_up`
 * if the session has such a tool, and a transfer tool when a person is asked for. A sentence that was cut off it finishes
 * if it is asked to.
 */
export function defaultScript({number, kind, session, instructions, callerTranscript: heard = ''}: Turn): Reply {
  const rest = restOfSentence(instructions);
  if (rest) return [rest];
  if (kind === 'greeting') return [{say: 'assistant-greeting'}];
  if (kind === 'idle' || kind === 'tool-result') return [{say: 'assistant-anything-else'}];
  if (/good ?bye/i.test(heard)) return [{say: 'assistant-goodbye'}, ...callOf(session.config.tools, /^hang_?up/)];
  if (/real person|human/i.test(heard))
    return [{say: 'assistant-transfer'}, ...callOf(session.config.tools, /transfer/)];
  const answer = ANSWERS.find(({heard: words}) => words.test(heard));
  return [{say: answer?.say ?? ANYTHING[number % ANYTHING.length] ?? 'assistant-sorry'}];
}

const isAssistantClip = (name: string): name is keyof typeof assistantClips => Object.hasOwn(assistantClips, name);

/** Instructions that quote the last words of a sentence that was cut off ask for the rest of it. */
function restOfSentence(instructions: string): Extract<Reply[number], {after?: string}> | undefined {
  const [, words] = /cut off\b[^"]*after the words: "([^"]+)"/.exec(instructions) ?? [];
  if (words === undefined) return undefined;
  const name = Object.keys(assistantClips)
    .filter(isAssistantClip)
    .find(one => assistantClips[one].text.includes(words));
  if (name === undefined) return undefined;
  const {text} = assistantClips[name];
  const after = text.slice(0, text.indexOf(words) + words.length);
  return after === text ? undefined : {say: name, after};
}

function callOf(tools: readonly Readonly<Record<string, unknown>>[], wanted: RegExp): Reply {
  const tool = tools.find(({name}) => typeof name === 'string' && wanted.test(name));
  return tool ? [{call: {name: String(tool['name']), arguments: sampleArguments(tool['parameters'])}}] : [];
}

/** Arguments that satisfy a simple JSON Schema: what a model would make up for the required properties. */
function sampleArguments(parameters: unknown): Record<string, unknown> {
  if (!isRecord(parameters) || !isRecord(parameters['properties']) || !Array.isArray(parameters['required'])) return {};
  const {properties, required} = parameters;
  return Object.fromEntries(required.map(name => [String(name), sampleValue(properties[String(name)])]));
}

function sampleValue(schema: unknown): unknown {
  if (!isRecord(schema)) return null;
  if (Array.isArray(schema['enum'])) return schema['enum'][0];
  if (schema['type'] === 'number' || schema['type'] === 'integer') return 1;
  return schema['type'] === 'boolean' ? true : 'the caller asked for it';
}
