import fc from 'fast-check';
import {expect, test} from 'vitest';
import {CallFinished} from '@voicebridge/shared/cdr/call-record.ts';
import {buildCdr} from '../cdr/build-cdr.ts';
import type {CallEffect} from '../events/call-effect.ts';
import type {JournalEntry} from '../events/journal-entry.ts';
import {restoreCall} from '../journal/restore-call.ts';
import {isBase64} from '../model/openai/audio-delta.ts';
import {OpenAIReader} from '../model/openai/server-events.ts';
import {Call, opened, sound} from '../testing/call.ts';
import {ScriptedLookUp, toolsWith} from '../testing/tools.ts';

/** Each event that is read, with all its fields as a server means them. */
const EVENTS: readonly Readonly<Record<string, unknown>>[] = [
  {type: 'session.created', session: {id: 's'}},
  {type: 'session.updated', session: {audio: {input: {format: {type: 'audio/pcmu'}}}}},
  {type: 'error', error: {code: 'c', type: 't', message: 'm', event_id: 'truncate:i1'}},
  {type: 'input_audio_buffer.speech_started', item_id: 'u1', audio_start_ms: 100},
  {type: 'input_audio_buffer.speech_stopped', item_id: 'u1', audio_end_ms: 900},
  {type: 'input_audio_buffer.committed', item_id: 'u1', previous_item_id: 'u0'},
  {type: 'conversation.item.added', item: {id: 'i1', role: 'assistant', type: 'message'}},
  {
    type: 'conversation.item.done',
    item: {id: 'i2', type: 'mcp_call', name: 'n', server_label: 'l', output: 'o', error: null},
  },
  {type: 'conversation.item.input_audio_transcription.completed', item_id: 'u1', transcript: 'Hello.'},
  {type: 'conversation.item.input_audio_transcription.failed', item_id: 'u1', error: {code: 'c', message: 'm'}},
  {type: 'response.created', response: {id: 'r1', metadata: {tag: 'turn-1'}}},
  {type: 'response.output_audio.delta', response_id: 'r1', item_id: 'i1', delta: sound(40)},
  {type: 'response.output_audio.done', response_id: 'r1', item_id: 'i1'},
  {type: 'response.output_audio_transcript.delta', response_id: 'r1', item_id: 'i1', delta: 'Hi'},
  {type: 'response.output_audio_transcript.done', response_id: 'r1', item_id: 'i1', transcript: 'Hi.'},
  {type: 'response.output_text.delta', delta: 'Hi'},
  {type: 'response.output_item.added', item: {id: 'i3', type: 'mcp_call', name: 'n', server_label: 'l'}},
  {
    type: 'response.output_item.done',
    item: {id: 'i4', type: 'function_call', call_id: 'c1', name: 'look_up', arguments: '{}'},
  },
  {
    type: 'response.function_call_arguments.done',
    call_id: 'c2',
    name: 'opening_hours',
    arguments: '{"city":"Bern"}',
    item_id: 'i5',
  },
  {type: 'response.mcp_call_arguments.done', item_id: 'i3', arguments: '{}'},
  {type: 'response.mcp_call.in_progress', item_id: 'i3'},
  {type: 'mcp_list_tools.failed', item_id: 'i6'},
  {
    type: 'response.done',
    response: {
      id: 'r1',
      status: 'completed',
      status_details: {reason: 'r', error: {code: 'c', message: 'try again in 2s'}},
      usage: {
        input_token_details: {text_tokens: 1, cached_tokens_details: {audio_tokens: 1}},
        output_token_details: {audio_tokens: 3},
      },
    },
  },
];
const MISSING = Symbol('missing');
/** What no server means. JSON knows no NaN: 1e999 is read as infinite. */
const ODD: readonly unknown[] = [
  MISSING,
  null,
  0,
  -1,
  0.1,
  -1e308,
  1e308,
  2 ** 53,
  true,
  '',
  ' ',
  'NaN',
  '-5',
  [],
  {},
  [[null]],
  {id: {}},
  'r1',
  'i1',
  'u1',
  'constructor',
  '__proto__',
  '\ud800',
  '\u0000',
  'x'.repeat(600),
  'A',
  'AA',
  'AAA',
  '%%%%',
  'AAAA AAAA',
  '____',
  'failed',
  'cancelled',
  'try again in 999999999999999m9s',
];

/** Paths of all fields below a value. */
function pathsOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  const below = Object.entries(value).flatMap(([name, each]) => pathsOf(each, [...path, name]));
  return path.length === 0 ? below : [path, ...below];
}

function withValue(event: unknown, [name = '', ...rest]: readonly string[], value: unknown): unknown {
  const fields = {...(event as Readonly<Record<string, unknown>>)};
  const next = rest.length === 0 ? value : withValue(fields[name], rest, value);
  if (next === MISSING) delete fields[name];
  else fields[name] = next;
  return fields;
}

const HARMED = EVENTS.flatMap(event => pathsOf(event).flatMap(path => ODD.map(odd => withValue(event, path, odd))));
/** As text, because that is what comes. Some numbers no JSON of ours would have. */
const TEXTS = [...EVENTS, ...EVENTS, ...EVENTS, ...HARMED].map(event => JSON.stringify(event));
const INFINITE = EVENTS.flatMap(event =>
  ['1e999', '-1e999', '-0', '1e-320'].map(number => JSON.stringify(event).replace(/:\d+/, `:${number}`)),
);

const READY = JSON.stringify({type: 'session.updated'});

/** Feeds texts of a server to a call, 30 ms apart, and returns what the call did and wrote. */
function conversation(texts: readonly string[]): {
  readonly effects: readonly CallEffect[];
  readonly journal: JournalEntry[];
} {
  const lookUp = new ScriptedLookUp();
  const call = Call.connected({mode: 'resume'}, 'Hello.', {tools: toolsWith(lookUp), transcripts: 'full'});
  const reader = new OpenAIReader();
  let at = 0;
  for (const text of texts) {
    at += 30;
    call.timePasses(at);
    call.callerFrame();
    for (const event of reader.read(text).events) if (event.type !== 'lost') call.model(event);
  }
  call.timePasses(at + 20_000);
  const journal = call.effects.flatMap((effect, n): JournalEntry[] =>
    effect.do === 'journal' ? [{...effect.fact, wall: n * 10}] : [],
  );
  return {effects: call.effects, journal: [opened, ...journal]};
}

/** Numbers that JSON has no form for would reach the model, the phone or Redis as `null`. */
function impossible(value: unknown): boolean {
  if (typeof value === 'number') return !Number.isFinite(value);
  return typeof value === 'object' && value !== null && Object.values(value).some(impossible);
}

function holds(texts: readonly string[]): void {
  const {effects, journal} = conversation(texts);
  const outward = effects.filter(
    ({do: what}) => what === 'model' || what === 'edge' || what === 'journal' || what === 'hear',
  );
  expect(outward.filter(impossible)).toEqual([]);
  for (const effect of effects)
    if (effect.do === 'edge' && effect.frame.kind === 'audio') expect(isBase64(effect.frame.payload)).toBe(true);
  restoreCall(journal, 60_000);
  for (const part of buildCdr(journal, 'full') ?? []) CallFinished.parse(part);
  expect('a' in Object.prototype).toBe(false);
}

test('each field of each event, missing or of any other type, harms no call: all that goes out can be sent, and the record can be stored', () => {
  const [created = '', ...before] = EVENTS.slice(10, 15).map(event => JSON.stringify(event));
  const rest = [...HARMED.map(event => JSON.stringify(event)), ...INFINITE];
  // A new response before each, because what comes behind the end of one is about nothing.
  for (let from = 0; from < rest.length; from += 40)
    holds([READY, ...before, ...rest.slice(from, from + 40).flatMap(text => [created, text])]);
});

test('a model that sends such events in any order harms no call', () => {
  fc.assert(fc.property(fc.array(fc.constantFrom(...TEXTS, ...INFINITE), {minLength: 5, maxLength: 40}), holds), {
    numRuns: 150,
  });
});
