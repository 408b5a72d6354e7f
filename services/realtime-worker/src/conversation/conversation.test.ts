import {describe, expect, test} from 'vitest';
import {Conversation} from './conversation.ts';

describe('Conversation, the history for another session', () => {
  test('another session is given the words that were heard, marked as interrupted', () => {
    const conversation = new Conversation();
    conversation.add({kind: 'caller', id: 'u1', text: ''}, 1);
    conversation.add({kind: 'assistant', id: 'a1', text: ''}, 1);
    conversation.words('a1', 'We are open ', false);
    conversation.words('a1', 'every day', false);
    conversation.words('u1', 'When are you open?', true); // words of the caller may come late
    conversation.truncate('a1', 600, 1_000);
    expect(conversation.history().map(item => ('text' in item ? item.text : item.kind))).toEqual([
      'When are you open?',
      'We are open — (interrupted)',
    ]);
  });

  test('the words that were heard are kept in a language without blanks too', () => {
    const conversation = new Conversation();
    conversation.add({kind: 'assistant', id: 'a1', text: '営業時間は午前九時から午後五時までです。'}, 1);
    conversation.truncate('a1', 600, 1_000);
    expect(conversation.history()).toMatchObject([{text: '営業時間は午前九時から午 — (interrupted)'}]);
  });

  test('the history has a placeholder for untranscribed caller words and nothing for unheard assistant words', () => {
    const conversation = new Conversation();
    conversation.add({kind: 'caller', id: 'u1', text: ''}, 1);
    conversation.add({kind: 'assistant', id: 'a1', text: 'Never heard'}, 1);
    conversation.truncate('a1', 0, 1_000);
    expect(conversation.history()).toMatchObject([{kind: 'caller', id: 'u1'}]);
    expect(conversation.history()).toHaveLength(1);
  });

  test('the history has no tool call without its result and no result without its call', () => {
    const conversation = new Conversation();
    conversation.add({kind: 'toolCall', id: 't1', callId: 'c1', name: 'look_up', arguments: '{}'}, 1);
    conversation.add({kind: 'toolResult', id: 't2', callId: 'c9', output: 'x'}, 1);
    expect(conversation.history()).toEqual([]);
    conversation.add({kind: 'toolResult', id: 't3', callId: 'c1', output: 'y'}, 1);
    expect(conversation.history().map(({id}) => id)).toEqual(['t1', 't3']);
  });
});

test('the caller awaits an answer when the last item is theirs', () => {
  const conversation = new Conversation();
  expect(conversation.awaitsAnswer).toBe(false);
  conversation.add({kind: 'caller', id: 'u1', text: 'Hello?'}, 1);
  expect(conversation.awaitsAnswer).toBe(true);
  conversation.add({kind: 'assistant', id: 'a1', text: 'Hi.'}, 1);
  expect(conversation.awaitsAnswer).toBe(false);
  conversation.add({kind: 'note', id: 'n1', text: 'The caller pressed 4 on the telephone keypad.'}, 1);
  expect(conversation.awaitsAnswer).toBe(true);
});

test('an answer of which nothing was spoken stays away, also when the beginning of the call is read', () => {
  const [earlier, conversation] = [new Conversation(), new Conversation()];
  for (const id of ['u1', 'a1', 'u2', 'a2']) {
    const kind = id.startsWith('u') ? 'caller' : 'assistant';
    earlier.add({kind, id, text: 'words'}, 1);
    if (id === 'u2' || id === 'a2') conversation.add({kind, id, text: 'words'}, 1);
  }
  conversation.withdrawUnspoken(() => false);
  conversation.recall(earlier);
  expect(conversation.items.map(({item}) => item.id)).toEqual(['u1', 'a1', 'u2']);
});
