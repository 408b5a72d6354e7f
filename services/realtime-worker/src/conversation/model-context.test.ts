import {expect, test} from 'vitest';
import type {CallEffect} from '../events/call-effect.ts';
import type {ModelCommand} from '../model/model-adapter.ts';
import {Conversation} from './conversation.ts';
import {ModelContext, resultId} from './model-context.ts';

const commands = (effects: readonly CallEffect[]): ModelCommand[] =>
  effects.flatMap(effect => (effect.do === 'model' ? [effect.command] : []));
const entries = (effects: readonly CallEffect[]) =>
  effects.flatMap(effect => (effect.do === 'journal' ? [effect.fact] : []));

/** A conversation whose current session has spoken one item. */
function spoken(truncates = true): ModelContext {
  const context = new ModelContext(new Conversation(), {epoch: 2, truncates});
  context.sessionOpened();
  context.remember({kind: 'assistant', id: 'a', text: ''});
  context.words('a', 'We are open from nine to five every day.', true);
  return context;
}

test('an item that the model reports twice is journalled once', () => {
  const context = new ModelContext(new Conversation(), {epoch: 1, truncates: true});
  const item = {kind: 'caller', id: 'u', text: 'Hello?'} as const;
  expect(entries(context.remember(item))).toEqual([{is: 'item', item}]);
  expect(context.remember(item)).toEqual([]);
});

test('an item of the current session is truncated as audio', () => {
  const effects = spoken().truncate('a', 500, 2_000);
  expect(commands(effects)).toEqual([{do: 'truncate', itemId: 'a', audioEndMs: 500}]);
  expect(entries(effects)).toEqual([{is: 'cut', id: 'a', heardMs: 500, totalMs: 2_000}]);
});

test('an item of an earlier session is replaced by shorter text, and deleted if nothing of it was heard', () => {
  const context = spoken();
  expect(commands(context.sessionOpened())).toMatchObject([{do: 'add', item: {id: 'a'}}]);
  expect(commands(context.truncate('a', 1_000, 2_000))).toEqual([
    {do: 'add', item: {kind: 'assistant', id: 'a-cut', text: 'We are open from'}, after: 'a'},
    {do: 'delete', itemId: 'a'},
  ]);
  const unheard = spoken();
  unheard.sessionOpened();
  expect(commands(unheard.truncate('a', 0, 2_000))).toEqual([{do: 'delete', itemId: 'a'}]);
});

test('a model that owns interruption is not told to truncate its own audio', () => {
  expect(commands(spoken(false).truncate('a', 500, 2_000))).toEqual([]);
});

test('a caller who cannot be transcribed is logged once for each error code', () => {
  const context = spoken();
  const failed = {type: 'notTranscribed', itemId: 'u', code: 'model_not_found', message: 'no such model'} as const;
  expect(context.notTranscribed(failed)).toMatchObject([{do: 'warn', code: 'model_not_found'}]);
  expect(context.notTranscribed(failed)).toEqual([]);
  expect(context.notTranscribed({...failed, code: 'server_error'})).toHaveLength(1);
});

test('ids of notes differ between two owners of a call', () => {
  const context = (epoch: number) => new ModelContext(new Conversation(), {epoch, truncates: true});
  expect(context(1).note('keys: 1').id).not.toBe(context(2).note('keys: 1').id);
});

test('ids of tool results have at most the 32 characters that the model allows', () => {
  expect(resultId(`call_${'x'.repeat(60)}`)).toHaveLength(32);
});

test('the words of a reply that still arrives are journalled now and then, and all of them at its end', () => {
  const context = new ModelContext(new Conversation(), {epoch: 1, truncates: true});
  const arrives = (text: string, whole = false, isSilenced = false) =>
    entries(context.replyWords({type: 'words', responseId: 'r', itemId: 'a', text, whole}, isSilenced)).filter(
      ({is}) => is === 'words',
    );
  expect(arrives('Your table for ')).toEqual([]);
  expect(arrives('four is booked ')).toEqual([{is: 'words', id: 'a', text: 'Your table for four is booked '}]);
  expect(arrives('for half ')).toEqual([]);
  expect(arrives('past seven tonight.', false, true)).toEqual([]); // the caller has interrupted it
  const text = 'Your table for four is booked for half past seven.';
  expect(arrives(text, true)).toEqual([{is: 'words', id: 'a', text}]);
});
