import {expect, test} from 'vitest';
import {
  Call,
  callEnding,
  commandsToModel,
  ended,
  framesToEdge,
  journalled,
  responseTags,
  sound,
  speechEvent,
} from '../testing/call.ts';

const SENTENCE = 'You are talking to a machine.';
const beep = {type: 'answeredBy', by: 'machine_end_beep'} as const;
const asked = (call: Call) => responseTags(call.effects).map(tag => tag.replace(/-.*/, ''));
const lastInstructions = (call: Call) =>
  commandsToModel(call.effects)
    .flatMap(command => (command.do === 'respond' ? [command.instructions ?? ''] : []))
    .at(-1);

/** An assistant that talks into the announcement of a machine, as it must: nobody knows yet who has answered. */
function talking(voicemail: 'hang-up' | 'talk' | {say: string} | {instruct: string}, disclosure?: string) {
  const call = Call.connected({}, 'Say hello.', {voicemail, ...(disclosure === undefined ? {} : {disclosure})});
  call
    .at(500)
    .model(
      {type: 'responseStarted', responseId: 'r1', tag: `${disclosure === undefined ? 'greeting' : 'disclosure'}-1`},
      {type: 'audio', responseId: 'r1', itemId: 'i1', payload: sound(9_000)},
    );
  return call.at(3_000);
}

test('a machine that answers is left alone if nothing else was asked for', () => {
  const call = talking('hang-up');
  call.event(beep);
  expect(framesToEdge(call.effects)).toContain('clear');
  expect(callEnding(call.effects)).toMatchObject({do: 'leave', intent: 'hang-up', reason: 'assistant.voicemail'});
  expect(journalled(call.effects, 'answeredBy')).toEqual([{is: 'answeredBy', by: 'machine_end_beep'}]);
});

test('a person who answers notices nothing', () => {
  const call = talking('hang-up');
  const before = call.effects.length;
  call.event({type: 'answeredBy', by: 'human'});
  call.event({type: 'answeredBy', by: 'human'});
  expect(call.effects.slice(before)).toEqual([{do: 'journal', fact: {is: 'answeredBy', by: 'human'}}]);
});

test('a message begins behind the beep with the sentence that a machine speaks, is said whole, and ends the call', () => {
  const call = talking({say: 'Please call us back.'}, SENTENCE);
  call.event(beep);
  call.model(ended('r1', 'cancelled'));
  expect(asked(call)).toEqual(['disclosure', 'farewell']);
  expect(lastInstructions(call)).toContain(`"${SENTENCE} Please call us back."`);
  call.model({type: 'responseStarted', responseId: 'r2', tag: 'farewell-2'});
  call.model({type: 'audio', responseId: 'r2', itemId: 'i2', payload: sound(3_000)});
  // The end of the beep is no reason to stop.
  call.at(3_400).model(speechEvent('u1', 'callerSpoke'));
  call.at(3_900).model(speechEvent('u1', 'callerStopped', 3_900), {type: 'turnCommitted', itemId: 'u1'});
  call.model({type: 'words', responseId: 'r2', itemId: 'i2', text: `${SENTENCE} Please call us back.`, whole: true});
  call.model({type: 'audioEnded', itemId: 'i2'}, ended('r2'));
  expect(callEnding(call.effects)).toBeUndefined();
  call.returnMarks();
  expect(callEnding(call.effects)).toMatchObject({do: 'leave', intent: 'hang-up', reason: 'assistant.voicemail'});
  expect(journalled(call.effects, 'disclosed')).toMatchObject([{id: 'i2', by: 'mark', verbatim: true}]);
  expect(framesToEdge(call.effects).filter(kind => kind === 'clear')).toHaveLength(1);
});

test('what the server answers to a beep is not heard', () => {
  const call = talking({instruct: 'why you call'});
  call.event(beep);
  call.model(ended('r1', 'cancelled'), {type: 'responseStarted', responseId: 'own', tag: undefined});
  expect(commandsToModel(call.effects)).toContainEqual({do: 'cancel', responseId: 'own'});
  call.effects.splice(0);
  call.model({type: 'audio', responseId: 'own', itemId: 'io', payload: sound(500)});
  expect(framesToEdge(call.effects)).toEqual([]);
});

test('an assistant that talks to machines goes on talking', () => {
  const call = talking('talk');
  call.event(beep);
  expect(framesToEdge(call.effects)).not.toContain('clear');
  expect(callEnding(call.effects)).toBeUndefined();
});
