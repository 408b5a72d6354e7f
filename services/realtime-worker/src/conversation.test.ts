import {describe, expect, test} from 'vitest';
import {Conversation, heardWords} from './conversation.ts';

describe('the words that were heard', () => {
  test('are all of them when nothing was cut', () => {
    expect(heardWords('We are open from five.', undefined)).toBe('We are open from five.');
    expect(heardWords('We are open.', {heardMs: 900, totalMs: 900})).toBe('We are open.');
  });

  test('are as many as fit into the audio that was heard, back to the last whole word', () => {
    const text = 'We are open from five to eleven.';
    expect(heardWords(text, {heardMs: 500, totalMs: 1_000})).toBe('We are open from');
    expect(heardWords(text, {heardMs: 360, totalMs: 1_000})).toBe('We are open');
  });

  test('are none when nothing was heard, or not one word to its end', () => {
    expect(heardWords('Incomprehensibilities', {heardMs: 500, totalMs: 1_000})).toBe('');
    expect(heardWords('We are open', {heardMs: 0, totalMs: 1_000})).toBe('');
    expect(heardWords('We are open', {heardMs: 0, totalMs: 0})).toBe('');
  });
});

describe('what another session is told', () => {
  test('is what was heard, and that it was interrupted', () => {
    const conversation = new Conversation();
    conversation.add({kind: 'caller', id: 'u1', text: ''}, 1);
    conversation.add({kind: 'assistant', id: 'a1', text: ''}, 1);
    conversation.words('a1', 'We are open ', false);
    conversation.words('a1', 'every day', false);
    conversation.words('u1', 'When are you open?', true); // words of the caller may come late
    conversation.cut('a1', 600, 1_000);
    expect(conversation.history().map(item => ('text' in item ? item.text : item.kind))).toEqual([
      'When are you open?',
      'We are open — (interrupted)',
    ]);
  });

  test('holds the place of words that nobody wrote down, and no place for words that nobody heard', () => {
    const conversation = new Conversation();
    conversation.add({kind: 'caller', id: 'u1', text: ''}, 1);
    conversation.add({kind: 'assistant', id: 'a1', text: 'Never heard'}, 1);
    conversation.cut('a1', 0, 1_000);
    expect(conversation.history()).toMatchObject([{kind: 'caller', id: 'u1'}]);
    expect(conversation.history()).toHaveLength(1);
  });

  test('has no tool call without its result, and no result without its call', () => {
    const conversation = new Conversation();
    conversation.add({kind: 'toolCall', id: 't1', callId: 'c1', name: 'look_up', arguments: '{}'}, 1);
    conversation.add({kind: 'toolResult', id: 't2', callId: 'c9', output: 'x'}, 1);
    expect(conversation.history()).toEqual([]);
    conversation.add({kind: 'toolResult', id: 't3', callId: 'c1', output: 'y'}, 1);
    expect(conversation.history().map(({id}) => id)).toEqual(['t1', 't3']);
  });
});

test('a caller is owed an answer when the last word was theirs', () => {
  const conversation = new Conversation();
  expect(conversation.answerOwed).toBe(false);
  conversation.add({kind: 'caller', id: 'u1', text: 'Hello?'}, 1);
  expect(conversation.answerOwed).toBe(true);
  conversation.add({kind: 'assistant', id: 'a1', text: 'Hi.'}, 1);
  expect(conversation.answerOwed).toBe(false);
});
