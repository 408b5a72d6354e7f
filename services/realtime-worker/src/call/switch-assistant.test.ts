import {switchTo} from '@voicebridge/assistant';
import {SWITCHES_AT_MOST} from '@voicebridge/assistant/switch-tool.ts';
import {describe, expect, test} from 'vitest';
import type {Assistant} from '../assistant.ts';
import type {CallEffect} from '../events/call-effect.ts';
import type {JournalEntry} from '../events/journal-entry.ts';
import {keptAssistant} from '../journal/restore-call.ts';
import type {ModelEvent} from '../model/model-adapter.ts';
import {
  began,
  Call,
  commandsToModel,
  ended,
  journalled,
  responseTags,
  speechEvent,
  usualAssistant,
} from '../testing/call.ts';
import {openingHours} from '../testing/tools.ts';
import {switchTool} from '../tools/switch-to.ts';

const passOn = switchTool('switch_to', switchTo({to: ['billing']}));
const floor = {
  mode: 'immediate',
  minSpeechMs: 0,
  greetingProtectedMs: 0,
  noiseMs: 350,
  uninterruptible: false,
} as const;
const billing: Assistant = {
  ...usualAssistant,
  name: 'billing',
  instructions: 'You are billing.',
  greeting: '',
  floor,
  tools: [openingHours],
  version: 'v2',
  given: {name: 'Kari'},
};
const calls = (callId: string, responseId = 'r1', to = 'billing'): ModelEvent => ({
  type: 'toolCalled',
  responseId,
  itemId: `item-${callId}`,
  callId,
  name: 'switch_to',
  arguments: JSON.stringify({assistant: to}),
});
const found = (call: Call, callId: string, assistant: Assistant | string = billing) =>
  call.event({type: 'assistantFound', callId, assistant});
const whats = (effects: readonly CallEffect[]) => effects.map(({do: what}) => what);
const results = (effects: readonly CallEffect[]) =>
  commandsToModel(effects).flatMap(command =>
    command.do === 'add' && command.item.kind === 'toolResult' ? [command.item.output] : [],
  );

/** The assistant says that it passes the caller on, and does. */
function passedOn(): Call {
  const call = Call.connected({}, '', {tools: [passOn]});
  call.at(100).reply('r1', 'i1', 1_000, undefined, false);
  call.model({type: 'audioEnded', itemId: 'i1'}, calls('c1'), ended('r1'));
  return call;
}

describe('a call that is given to another assistant', () => {
  test('goes on in a session of its own when the caller has heard all that was said before', () => {
    const call = passedOn();
    expect(call.effects).toContainEqual({do: 'switchAssistant', callId: 'c1', to: 'billing'});
    expect(whats(found(call, 'c1'))).toEqual(['dropSpare', 'openSpare']);
    expect(whats(call.event({type: 'spareReady'}))).not.toContain('useSpare');
    const effects = call.at(1_200).returnMarks();
    expect(whats(effects)).toContain('useSpare');
    expect(journalled(effects, 'assistant')).toEqual([
      {is: 'assistant', assistant: 'billing', version: 'v2', variables: {name: 'Kari'}},
    ]);
    expect(results(effects)).toEqual([expect.stringContaining('you are billing now')]);
    expect(responseTags(effects)).toEqual(['tool-1']);
    call.model({type: 'responseStarted', responseId: 'r2', tag: 'tool-1'});
    const hours = call.model({...calls('c2', 'r2'), name: 'opening_hours', arguments: '{"city":"Bern"}'} as ModelEvent);
    expect(results(hours)).toEqual(['Bern: 9 to 5']);
  });

  test('waits for a caller who speaks, and does not wait for a session that cannot be opened', () => {
    const call = passedOn();
    found(call, 'c1');
    call.at(1_200).returnMarks();
    call.model(speechEvent('u1', 'callerSpoke', 1_000));
    expect(whats(call.event({type: 'spareReady'}))).not.toContain('useSpare');
    const other = passedOn();
    found(other, 'c1');
    const effects = other.event({type: 'spareLost'});
    expect(whats(effects)).toContain('openModel');
    expect(journalled(other.at(1_500).model({type: 'ready'}), 'assistant')).toHaveLength(1);
  });

  test('is refused where it is not named, is gone, or was passed on too often, and the model is told why', () => {
    const call = Call.connected({}, '', {tools: [passOn]});
    const effects = call.model({type: 'responseStarted', responseId: 'r1', tag: undefined}, calls('c0', 'r1', 'sales'));
    expect(results(effects)).toEqual([expect.stringContaining('assistant: must be billing')]);
    const gone = passedOn();
    expect(results(found(gone, 'c1', 'there is no billing any more'))).toEqual([
      'The call stays with you: there is no billing any more.',
    ]);
    const before: JournalEntry[] = Array.from({length: SWITCHES_AT_MOST}, () => ({
      is: 'assistant',
      assistant: 'a',
      version: 'v1',
      wall: 0,
    }));
    const often = new Call({}, '', {tools: [passOn]}, before);
    often.model({type: 'ready'});
    often.edge(began);
    often.model({type: 'responseStarted', responseId: 'r1', tag: undefined}, calls('c1'));
    expect(results(found(often, 'c1'))).toEqual([expect.stringContaining('passed on 5 times already')]);
  });

  test('is with that assistant on another worker, and a worker that died in the middle is made good', () => {
    const call = passedOn();
    const entries = () =>
      call.effects.flatMap((effect): JournalEntry[] => (effect.do === 'journal' ? [{...effect.fact, wall: 0}] : []));
    const next = new Call({}, '', {tools: [passOn]}, entries());
    next.edge(began);
    expect(next.model({type: 'ready'})).toContainEqual({do: 'switchAssistant', callId: 'c1', to: 'billing'});
    found(call, 'c1');
    call.event({type: 'spareReady'});
    call.at(1_200).returnMarks();
    expect(keptAssistant(entries())).toMatchObject({version: 'v2', variables: {name: 'Kari'}});
  });
});
