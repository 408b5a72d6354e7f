import {expect, test} from 'vitest';
import {Call, began, ended, journalled, sound, speechEvent} from '../testing/call.ts';

/** A greeting, a question and its answer, event by event. `begins`: the model begins a response. */
const STORY: readonly {readonly begins?: true; readonly step: (call: Call) => unknown}[] = [
  {step: call => call.model({type: 'ready'})},
  {step: call => call.edge(began)},
  {begins: true, step: call => call.model({type: 'responseStarted', responseId: 'r1', tag: 'greeting-1'})},
  {step: call => call.model({type: 'audio', responseId: 'r1', itemId: 'i1', payload: sound(400)})},
  {step: call => call.model({type: 'audioEnded', itemId: 'i1'}, ended('r1'))},
  {step: call => call.returnMarks()},
  {step: call => call.model(speechEvent('c1', 'callerSpoke'))},
  {step: call => call.model(speechEvent('c1', 'callerStopped', 500))},
  {step: call => call.model({type: 'turnCommitted', itemId: 'c1'})},
  {begins: true, step: call => call.model({type: 'responseStarted', responseId: 'r2', tag: undefined})},
  {step: call => call.model({type: 'audio', responseId: 'r2', itemId: 'i2', payload: sound(400)})},
  {step: call => call.model({type: 'audioEnded', itemId: 'i2'}, ended('r2'))},
  {step: call => call.returnMarks()},
];

test.each(STORY.map((_, at) => at + 1))(
  'an analyst finds each response that began as one turn when the caller hangs up after event %i, and no other',
  events => {
    const call = new Call();
    const happened = STORY.slice(0, events);
    for (const [at, {step}] of happened.entries()) step(call.at(1_000 + at * 100));
    call.edge({kind: 'ended', why: 'hungUp'});
    const over = journalled(call.effects, 'turn').filter(({open}) => open !== true);
    const responses = happened.filter(({begins}) => begins);
    expect(over.map(({turn}) => turn.turn)).toEqual(responses.map((_, index) => index));
  },
);
