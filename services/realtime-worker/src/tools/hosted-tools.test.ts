import {mcp} from '@voicebridge/assistant';
import {expect, test} from 'vitest';
import type {CallEffect, Fact} from '../events/call-effect.ts';
import type {JournalEntry} from '../events/journal-entry.ts';
import type {ModelEvent} from '../model/model-adapter.ts';
import {began, Call, commandsToModel, ended, journalled, responseTags, speechEvent} from '../testing/call.ts';
import {hostedTool} from './hosted-tool.ts';

const definition = {...mcp('https://crm.example.com/mcp', {hosted: true, approve: true, record: 'keep'})};
const crm = hostedTool('crm', {...definition, url: 'https://crm.example.com/mcp'}, {});
const tools = [crm];
type Called = Extract<ModelEvent, {type: 'hostedCalled'}>;
const called = (itemId: string, special: Partial<Called> = {}): Called => ({
  type: 'hostedCalled',
  responseId: 'r1',
  itemId,
  server: 'crm',
  name: 'cancel',
  arguments: '{"order":"7"}',
  asks: false,
  ...special,
});
const started = (responseId: string): ModelEvent => ({type: 'responseStarted', responseId, tag: undefined});
const done = (itemId: string, output = 'It is cancelled.', ok = true): ModelEvent => ({
  type: 'hostedEnded',
  itemId,
  ok,
  output,
});
const added = (effects: readonly CallEffect[]) =>
  commandsToModel(effects).flatMap(command => (command.do === 'add' ? [command.item] : []));
const answers = (effects: readonly CallEffect[]) =>
  commandsToModel(effects).flatMap(command => (command.do === 'approve' ? [command] : []));
const outcomes = (effects: readonly CallEffect[]) => journalled(effects, 'tool').map(({tool}) => tool.outcome);

/** A caller has said something, and the model answers. */
function asked(special: object = {}): Call {
  const call = Call.connected({}, '', {tools, ...special});
  call.at(100).model(speechEvent('u1', 'callerSpoke'), speechEvent('u1', 'callerStopped', 600));
  call.at(1_000).model({type: 'turnCommitted', itemId: 'u1'}, started('r1'));
  return call;
}

test('what the provider runs is in the record, and the model is asked to speak when the result is there', () => {
  const call = asked();
  call.model(called('i1'), ended('r1'));
  expect(responseTags(call.effects)).toEqual([]);
  const effects = call.at(3_000).model(done('i1'));
  expect(responseTags(effects)).toEqual(['tool-1']);
  // The session that made the call has its result already.
  expect(added(call.effects)).toEqual([]);
  expect(journalled(effects, 'tool')).toMatchObject([
    {
      tool: {
        name: 'crm_cancel',
        outcome: 'ok',
        durationMs: 2_000,
        arguments: '{"order":"7"}',
        result: 'It is cancelled.',
      },
    },
  ]);
  expect(call.at(3_100).model(done('i1'), called('i1'))).toEqual([]);
});

test('two at the same time get one answer, when both have a result', () => {
  const call = asked();
  call.model(called('i1'), called('i2', {name: 'find'}), ended('r1'));
  expect(responseTags(call.at(2_000).model(done('i1')))).toEqual([]);
  expect(responseTags(call.at(3_000).model(done('i2', 'no such order', false)))).toEqual(['tool-1']);
  expect(outcomes(call.effects).filter(outcome => outcome !== null)).toEqual(['ok', 'failed']);
});

test('one that needs a yes is refused until the caller was asked and has said something, and then it runs', () => {
  const call = asked();
  const first = call.model(called('i1', {asks: true}), ended('r1'));
  expect(answers(first)).toMatchObject([{requestId: 'i1', yes: false, reason: expect.stringContaining('must agree')}]);
  expect(responseTags(first)).toEqual(['tool-1']);
  call.at(2_000).reply('r2', 'a2', 500, 'tool-1');
  call.at(3_000).model(speechEvent('u2', 'callerSpoke'), speechEvent('u2', 'callerStopped', 2_000));
  call.at(3_600).model({type: 'turnCommitted', itemId: 'u2'}, started('r3'));
  const second = call.model(called('i3', {asks: true, responseId: 'r3'}), ended('r3'));
  expect(answers(second)).toEqual([{do: 'approve', requestId: 'i3', yes: true}]);
  // What was allowed is told once more, and is no second call.
  expect(call.model(called('i4', {approvedBy: 'i3', responseId: undefined}))).toEqual([]);
  expect(responseTags(call.at(4_000).model(done('i4')))).toEqual(['tool-2']);
  expect(outcomes(call.effects)).toEqual(['refused', null, 'ok']);
});

test('other arguments than those that the caller agreed to need another yes', () => {
  const call = asked();
  call.model(called('i1', {asks: true}), ended('r1'));
  call.at(3_000).model(speechEvent('u2', 'callerSpoke'), speechEvent('u2', 'callerStopped', 2_000));
  call.at(3_600).model({type: 'turnCommitted', itemId: 'u2'}, started('r3'));
  const second = call.model(called('i3', {asks: true, responseId: 'r3', arguments: '{"order":"8"}'}));
  expect(answers(second)).toMatchObject([{yes: false}]);
});

test('a caller is told to wait for it, and in the end that it did not work in time', () => {
  const slow = hostedTool(
    'crm',
    {...definition, url: 'https://crm.example.com/mcp', timeoutMs: 8_000, while: 'One moment.'},
    {},
  );
  const call = asked({tools: [slow]});
  call.model(called('i1'), ended('r1'));
  expect(responseTags(call.timePasses(2_500))).toEqual(['wait-1']);
  call.at(2_600).reply('r2', 'a2', 300, 'wait-1');
  const effects = call.timePasses(9_100);
  expect(outcomes(effects)).toContain('late');
  expect(added(effects)).toMatchObject([{kind: 'note', text: expect.stringContaining('no result within 8 seconds')}]);
  expect(responseTags(effects)).toEqual(['tool-2']);
  expect(call.at(9_500).model(done('i1'))).toEqual([]);
});

test('a session that is lost takes nothing with it: what it had is told to the next, and what was running is unknown', () => {
  const call = asked();
  call.model(called('i1'), called('i2', {name: 'find'}), ended('r1'), done('i1'));
  call.at(2_000).model({type: 'lost', cause: 'closed', detail: ''});
  const effects = call.at(2_500).model({type: 'ready'});
  const items = added(effects).filter(({kind}) => kind === 'toolCall' || kind === 'toolResult');
  expect(items).toMatchObject([
    {kind: 'toolCall', name: 'crm_cancel'},
    {kind: 'toolResult', output: 'It is cancelled.'},
    {kind: 'toolCall', name: 'crm_find'},
    {kind: 'toolResult', output: expect.stringContaining('It is not known whether crm_find succeeded')},
  ]);
  expect(outcomes(effects)).toEqual(['unknown']);
  expect(responseTags(effects)).toHaveLength(1);
});

test('a worker that takes the call over tells its session what was done, and that the rest is unknown', () => {
  const call = asked();
  call.model(called('i1'), called('i2', {name: 'find'}), ended('r1'), done('i1'));
  const facts = call.effects.flatMap(effect => (effect.do === 'journal' ? [effect.fact] : []));
  const opened: Fact = {is: 'item', item: {kind: 'caller', id: 'u0', text: 'Hello.'}};
  const before = [opened, ...facts].map((fact): JournalEntry => ({...fact, wall: 0}));
  const next = new Call({}, '', {tools}, before);
  const effects = [...next.edge(began), ...next.model({type: 'ready'})];
  const texts = added(effects).flatMap(item => (item.kind === 'toolResult' ? [item.output] : []));
  expect(texts).toEqual(['It is cancelled.', expect.stringContaining('It is not known whether crm_find')]);
  expect(outcomes(effects)).toEqual(['unknown']);
  expect(responseTags(effects)).toHaveLength(1);
});

test('what a reply asks for after the caller spoke over it is not allowed', () => {
  const call = Call.inConversation({}, {tools});
  call.at(100).reply('r1', 'a1', 3_000, undefined, false);
  call.at(1_000).model(speechEvent('u2', 'callerSpoke', 500));
  const effects = call.at(1_100).model(called('i1', {asks: true}));
  expect(answers(effects)).toMatchObject([{yes: false, reason: expect.stringContaining('caller spoke')}]);
  expect(outcomes(effects)).toEqual(['cancelled']);
});

test('a model that calls a function by such a name is told that there is none', () => {
  const call = asked();
  const effects = call.model({...called('i1'), type: 'toolCalled', callId: 'c1', responseId: 'r1', name: 'crm_cancel'});
  expect(added(effects)).toMatchObject([{output: 'There is no tool named crm_cancel.'}]);
});
