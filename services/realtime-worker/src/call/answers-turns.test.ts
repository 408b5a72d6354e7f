import {expect, test} from 'vitest';
import {Call, callEnding, commandsToModel, ended, hangUp, responseTags, speechEvent} from '../testing/call.ts';

const asksSomething = (call: Call) =>
  call.at(1_000).model(speechEvent('u1', 'callerSpoke'), speechEvent('u1', 'callerStopped', 800), {
    type: 'turnCommitted',
    itemId: 'u1',
  });

test('a server that can answer by itself is allowed to, and is not asked', () => {
  const call = Call.connected();
  expect(commandsToModel(call.effects)).toEqual([{do: 'interruptible', on: true, responds: true}]);
  expect(responseTags(asksSomething(call))).toEqual([]);
});

test('a server that cannot answer by itself is asked for the answer as soon as the turn is committed', () => {
  const call = Call.connected({}, '', {answersTurns: false});
  expect(commandsToModel(call.effects)).toEqual([{do: 'interruptible', on: true, responds: false}]);
  expect(responseTags(asksSomething(call))).toEqual(['turn-1']);
});

test('a caller of such a server keeps the line when what they say becomes a turn', () => {
  const call = Call.inConversation({}, {answersTurns: false});
  call.at(100).reply('r1', 'i1', 2_000, undefined, false);
  call.model({type: 'audioEnded', itemId: 'i1'}, hangUp('r1'), ended('r1'));
  asksSomething(call);
  call.returnMarks();
  call.timePasses(9_000);
  expect(callEnding(call.effects)).toBeUndefined();
});
