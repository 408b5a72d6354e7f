import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {protectedFor} from '../replies/disclosure.ts';
import type {JournalEntry} from '../events/journal-entry.ts';
import {
  began,
  Call,
  commandsToModel,
  ended,
  framesToEdge,
  journalled,
  responseTags,
  sound,
  speechEvent,
} from '../testing/call.ts';

const SENTENCE = 'You are talking to a machine.';
const PROTECTED = {greetingProtectedMs: protectedFor(SENTENCE)};

/** Somebody whom we have called, and whose phone is connected. */
const called = (greeting = 'Say hello.') => Call.connected(PROTECTED, greeting, {disclosure: SENTENCE});

/** The model says the sentence, in two pieces. */
function says(call: Call, {responseId = 'r1', itemId = 'i1', words = SENTENCE} = {}) {
  return [
    ...call.model(
      {type: 'responseStarted', responseId, tag: 'disclosure-1'},
      {type: 'audio', responseId, itemId, payload: sound(1_000)},
      {type: 'audio', responseId, itemId, payload: sound(1_000)},
      {type: 'words', responseId, itemId, text: words, whole: true},
      {type: 'audioEnded', itemId},
    ),
    ...call.model(ended(responseId)),
  ];
}
const asked = (call: Call) => responseTags(call.effects).map(tag => tag.replace(/-.*/, ''));

describe('somebody who is called', () => {
  test.each([
    ['hears it first', SENTENCE, 'disclosure'],
    ['is greeted first, if nothing must be said before', '', 'greeting'],
  ])('and waits for a model that connects late %s, and is not answered before', (_, disclosure, first) => {
    const call = new Call(PROTECTED, 'Say hello.', {disclosure});
    call.edge(began);
    call.timePasses(3_100);
    call.timePasses(4_300);
    call.at(4_500).model({type: 'ready'});
    expect(new Set(asked(call))).toEqual(new Set([first]));
  });

  test('is told that a machine speaks, word for word, and greeted after that', () => {
    const call = called();
    const [first] = commandsToModel(call.effects).filter(command => command.do === 'respond');
    expect(first).toMatchObject({instructions: expect.stringContaining(`"${SENTENCE}"`), speechOnly: true});
    expect(asked(call)).toEqual(['disclosure']);
    says(call);
    expect(asked(call)).toEqual(['disclosure', 'greeting']);
  });

  test('has heard it when the mark behind its last word is back, and not before', () => {
    const call = called().at(100);
    says(call);
    expect(journalled(call.effects, 'disclosed')).toEqual([]);
    call.returnMarks();
    expect(journalled(call.effects, 'disclosed')).toEqual([
      {is: 'disclosed', id: 'i1', at: 2_100, by: 'mark', verbatim: true},
    ]);
  });

  test('has heard it by the clock where the phone returns no marks', () => {
    const call = called('').at(100);
    says(call);
    call.timePasses(30_000);
    expect(journalled(call.effects, 'disclosed')).toMatchObject([{by: 'clock'}]);
  });

  test('is in the record if the model used other words', () => {
    const call = called();
    says(call, {words: 'Hi! How are you?'});
    call.returnMarks();
    expect(journalled(call.effects, 'disclosed')).toMatchObject([{verbatim: false}]);
  });

  test('cannot stop it by speaking over it or by a key, and is answered when it is over', () => {
    const call = called('');
    call.model({type: 'responseStarted', responseId: 'r1', tag: 'disclosure-1'});
    call.model({type: 'audio', responseId: 'r1', itemId: 'i1', payload: sound(2_000)});
    call.at(300).model(speechEvent('u1', 'callerSpoke'));
    call.at(900).edge({kind: 'digit', digit: '1'});
    call.at(1_500).model(speechEvent('u1', 'callerStopped', 1_500), {type: 'turnCommitted', itemId: 'u1'});
    expect(framesToEdge(call.effects)).not.toContain('clear');
    expect(asked(call)).toEqual(['disclosure']);
    call.at(1_600).model({type: 'audioEnded', itemId: 'i1'}, ended('r1'));
    expect(asked(call)).toEqual(['disclosure', 'turn']);
  });

  test('can stop what follows as any caller can', () => {
    const call = called();
    says(call);
    call.model({type: 'responseStarted', responseId: 'r2', tag: 'greeting-2'});
    call.model({type: 'audio', responseId: 'r2', itemId: 'i2', payload: sound(5_000)});
    call.timePasses(2_500);
    call.effects.splice(0);
    for (const name of ['1.0:1000', '1.0:2000']) call.edge({kind: 'mark', name});
    expect(journalled(call.effects, 'disclosed')).toHaveLength(1);
    expect(commandsToModel(call.effects)).toContainEqual({do: 'interruptible', on: true, responds: true});
    call.at(3_500).model(speechEvent('u1', 'callerSpoke'));
    expect(framesToEdge(call.effects)).toContain('clear');
  });

  test('hears it from its beginning again if the model broke off in the middle of it', () => {
    const call = called();
    call.model({type: 'responseStarted', responseId: 'r1', tag: 'disclosure-1'});
    call.model({type: 'audio', responseId: 'r1', itemId: 'i1', payload: sound(700)});
    call.model({type: 'lost', cause: 'unreachable', note: undefined, detail: ''});
    call.at(800).model({type: 'ready'});
    expect(asked(call)).toEqual(['disclosure', 'disclosure']);
    says(call, {responseId: 'r2', itemId: 'i2'});
    call.returnMarks();
    expect(journalled(call.effects, 'disclosed')).toMatchObject([{id: 'i2'}]);
  });
});

test('the next owner of a call says it if the caller may not have heard it, and only then', () => {
  const said: JournalEntry[] = [
    {is: 'item', item: {kind: 'assistant', id: 'i1', text: SENTENCE}, wall: 0},
    {is: 'said', id: 'i1', from: 0, ms: 1_000, wall: 0},
  ];
  const next = (before: JournalEntry[]) => {
    const call = new Call(PROTECTED, 'Say hello.', {disclosure: SENTENCE}, before);
    call.model({type: 'ready'});
    call.edge(began);
    return asked(call);
  };
  const heard = {is: 'disclosed', id: 'i1', at: 1, by: 'mark', verbatim: true, wall: 1} as const;
  expect(next(said)).toEqual(['disclosure']);
  expect(next([...said, {is: 'complete', id: 'i1', wall: 1}, heard])).toEqual(['greeting']);
  const greeting = {is: 'said', id: 'i2', from: 0, ms: 900, wall: 1} as const;
  expect(next([...said, heard, greeting, {is: 'complete', id: 'i2', wall: 1}])).toEqual([]);
});

test('nothing else is heard before it, whatever the person and the model do meanwhile', () => {
  const doings = fc.array(fc.constantFrom('speak', 'stop', 'key', 'time', 'marks', 'piece'), {maxLength: 14});
  fc.assert(
    fc.property(doings, all => {
      const call = called();
      const turns: string[] = [];
      let at = 100;
      let isOver = false;
      call.at(at).model({type: 'responseStarted', responseId: 'r1', tag: 'disclosure-1'});
      const piece = () => call.model({type: 'audio', responseId: 'r1', itemId: 'i1', payload: sound(400)});
      piece();
      for (const doing of all) {
        at += 250;
        call.at(at);
        if (doing === 'speak') call.model(speechEvent(`u${at}`, 'callerSpoke'));
        if (doing === 'stop') call.model(speechEvent(`u${at}`, 'callerStopped', at));
        if (doing === 'key') call.edge({kind: 'digit', digit: '5'});
        if (doing === 'time') call.timePasses(at);
        if (doing === 'marks') call.returnMarks();
        if (doing === 'piece') piece();
      }
      call.model({type: 'audioEnded', itemId: 'i1'}, ended('r1'));
      isOver = true;
      turns.push(...asked(call));
      expect(turns.slice(0, 2)).toEqual(['disclosure', 'greeting']);
      expect(framesToEdge(call.effects)).not.toContain('clear');
      call.at(at + 20_000).returnMarks();
      expect(journalled(call.effects, 'disclosed')).toHaveLength(isOver ? 1 : 0);
    }),
    {numRuns: 200},
  );
});
