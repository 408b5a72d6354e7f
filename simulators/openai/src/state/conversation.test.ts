import {expect, test} from 'vitest';
import {Conversation} from './conversation.ts';
import {ModelItem} from './model-item.ts';

const HABITS = {truncateErrorCode: 'unsupported_content_type', heldShortMs: 0} as const;
const message = (id?: string) => ({id, type: 'message', role: 'user', content: [{type: 'input_text', text: 'hi'}]});

function assistant(id: string, ms: number): ModelItem {
  const item = new ModelItem({id, type: 'message', role: 'assistant', status: 'in_progress'});
  item.content = 'output_audio';
  item.text = 'a few words';
  if (ms > 0) item.addAudio(Buffer.alloc(ms * 8));
  return item;
}

function created(conversation: Conversation, item: object, previous?: string) {
  const result = conversation.create({...item}, 'item_fresh', previous);
  return result.ok ? result.value : result.refusal;
}

test('an item goes to the end, to the front, or after the one that is named', () => {
  const conversation = new Conversation();
  expect(created(conversation, message('a'))).toMatchObject({previousItemId: null, ordinal: 1});
  expect(created(conversation, message('b'), '')).toMatchObject({previousItemId: 'a'});
  expect(created(conversation, message('c'), 'root')).toMatchObject({previousItemId: null});
  expect(created(conversation, message('d'), 'a')).toMatchObject({previousItemId: 'a'});
  expect(conversation.items.map(({id}) => id)).toEqual(['c', 'a', 'd', 'b']);
  expect(created(conversation, message('e'), 'nobody')).toMatchObject({
    code: 'invalid_value',
    param: 'previous_item_id',
  });
  expect(created(conversation, message())).toMatchObject({item: {id: 'item_fresh'}});
});

test('an id that exists already is appended, and names itself as its predecessor', () => {
  const conversation = new Conversation();
  created(conversation, message('a'));
  expect(created(conversation, message('a'))).toMatchObject({previousItemId: 'a'});
  expect(conversation.items).toHaveLength(2);
});

test('each role has its kinds of content, and assistant audio cannot be given', () => {
  const conversation = new Conversation();
  const problem = (role: string, part: object) => created(conversation, {type: 'message', role, content: [part]});
  expect(problem('assistant', {type: 'output_audio', transcript: 'hello'})).toMatchObject({
    code: 'missing_required_parameter',
    message: "Missing required parameter: 'item.content[0].text'.",
  });
  expect(problem('assistant', {type: 'input_text', text: 'x'})).toMatchObject({param: 'item.content[0].type'});
  expect(problem('user', {type: 'output_text', text: 'x'})).toMatchObject({code: 'invalid_value'});
  expect(problem('system', {type: 'input_audio', audio: ''})).toMatchObject({code: 'invalid_value'});
  expect(problem('assistant', {type: 'output_text', text: 'x'})).toHaveProperty('item');
});

test('the output of an unknown call is refused, and so is a call id of 33 characters', () => {
  const conversation = new Conversation();
  const output = {type: 'function_call_output', call_id: 'call_1', output: '{}'};
  expect(created(conversation, output)).toMatchObject({code: 'invalid_tool_call_id'});
  created(conversation, {type: 'function_call', call_id: 'call_1', name: 'look_up', arguments: '{}'});
  expect(created(conversation, output)).toHaveProperty('item');
  expect(created(conversation, {...output, call_id: 'c'.repeat(33)})).toMatchObject({code: 'string_above_max_length'});
});

test('a truncation keeps the audio up to its moment and forgets every word', () => {
  const conversation = new Conversation();
  const {item} = conversation.append(assistant('a', 1000));
  expect(conversation.truncate({item_id: 'a', content_index: 0, audio_end_ms: 250}, HABITS)).toMatchObject({ok: true});
  expect([item.audioMs, item.audioBytes, item.transcript, item.text]).toEqual([250, 2000, undefined, 'a few words']);
  expect(item.generatedAudio.length).toBe(8000);
  expect(item.toWire('withAudio')['content']).toEqual([
    {type: 'output_audio', audio: Buffer.alloc(2000).toString('base64')},
  ]);
});

test('a truncation past the audio that is held changes nothing and names both numbers', () => {
  const conversation = new Conversation();
  const {item} = conversation.append(assistant('a', 1000));
  const cut = {item_id: 'a', content_index: 0, audio_end_ms: 1001};
  const wanted = {code: 'invalid_value', message: 'Audio content of 1000ms is already shorter than 1001ms'};
  expect(conversation.truncate(cut, HABITS)).toMatchObject({refusal: wanted});
  expect(item.transcript).toBe('a few words');
  expect(conversation.truncate({...cut, audio_end_ms: 1000}, HABITS)).toMatchObject({ok: true});
  expect(conversation.truncate({...cut, audio_end_ms: 1001}, HABITS)).toMatchObject({ok: false});
});

test('only spoken answers can be truncated: not the unknown, a caller’s, a text, or one without any audio yet', () => {
  const conversation = new Conversation();
  created(conversation, message('user'));
  created(conversation, {id: 'text', type: 'message', role: 'assistant', content: [{type: 'output_text', text: 'x'}]});
  conversation.append(assistant('early', 0));
  const cut = (id: string) => conversation.truncate({item_id: id, content_index: 0, audio_end_ms: 0}, HABITS);
  expect(cut('nobody')).toMatchObject({
    refusal: {
      code: 'item_truncate_invalid_item_id',
      message: "Error truncating item: the item with id 'nobody' does not exist.",
    },
  });
  for (const id of ['user', 'text', 'early']) {
    expect(cut(id)).toMatchObject({
      refusal: {code: 'unsupported_content_type', message: 'Only model output audio messages can be truncated'},
    });
  }
  expect(
    conversation.truncate({item_id: 'user', content_index: 0, audio_end_ms: 0}, {...HABITS, truncateErrorCode: null}),
  ).toMatchObject({refusal: {code: null}});
});

test('a negative truncation is refused', () => {
  const conversation = new Conversation();
  conversation.append(assistant('a', 1000));
  expect(conversation.truncate({item_id: 'a', content_index: 0, audio_end_ms: -1}, HABITS)).toMatchObject({ok: false});
});

test('deleting and retrieving an unknown item fail in their own words', () => {
  const conversation = new Conversation();
  expect(conversation.delete('x')).toMatchObject({
    refusal: {
      code: 'item_delete_invalid_item_id',
      message: "Error deleting item: the item with id 'x' does not exist.",
    },
  });
  expect(conversation.retrieve('x')).toMatchObject({
    refusal: {
      code: 'item_retrieve_invalid_item_id',
      message: "Error retrieving item: the item with id 'x' does not exist.",
    },
  });
  created(conversation, message('x'));
  expect(conversation.retrieve('x')).toMatchObject({ok: true});
  expect(conversation.delete('x')).toMatchObject({ok: true});
  expect(conversation.items).toEqual([]);
});
