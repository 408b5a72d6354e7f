import {collectDigits} from '@voicebridge/assistant';
import {describe, expect, test} from 'vitest';
import type {JournalEntry} from '../events/journal-entry.ts';
import {withoutWords} from '../events/journal-seal.ts';
import type {CallEffect} from '../events/call-effect.ts';
import type {ModelEvent} from '../model/model-adapter.ts';
import {began, Call, commandsToModel, ended, journalled, responseTags, speechEvent} from '../testing/call.ts';
import {ScriptedLookUp, toolsWith} from '../testing/tools.ts';
import {digitsTool} from '../tools/collect-digits.ts';
import type {BackgroundTool} from '../tools/tool.ts';

const pin = digitsTool('enter_pin', collectDigits({as: 'pin', digits: 4}));
const checks: BackgroundTool = Object.assign(new ScriptedLookUp(), {name: 'check', secrets: ['pin'], isKept: true});
const tools = [...toolsWith(checks), pin];
const calls = (name: string, callId: string, responseId = 'r1', args = '{}'): ModelEvent => ({
  type: 'toolCalled',
  responseId,
  itemId: `item-${callId}`,
  callId,
  name,
  arguments: args,
});
const results = (effects: readonly CallEffect[]) =>
  commandsToModel(effects).flatMap(command =>
    command.do === 'add' && command.item.kind === 'toolResult' ? [command.item.output] : [],
  );
const press = (call: Call, keys: string) => Array.from(keys).flatMap(digit => call.edge({kind: 'digit', digit}));

/** The assistant has said what to enter, and waits for it. */
function asked(special: object = {}): Call {
  const call = Call.connected({}, '', {tools, ...special});
  call.at(100).reply('r1', 'i1', 1_000, undefined, false);
  call.model({type: 'audioEnded', itemId: 'i1'}, calls('enter_pin', 'c1'), ended('r1'));
  call.at(1_200).returnMarks();
  return call;
}

describe('digits that a caller enters', () => {
  test('are counted for the model when there are enough of them, and are kept past it', () => {
    const call = asked();
    expect(press(call, '123').filter(({do: what}) => what === 'model')).toEqual([]);
    const effects = press(call, '4');
    expect(results(effects)).toEqual([expect.stringMatching(/^4 digits were entered. They are kept as pin/)]);
    expect(responseTags(effects)).toEqual(['tool-1']);
    const wholeCall = JSON.stringify(call.effects.filter(each => each.do !== 'journal' || each.fact.is !== 'keys'));
    for (const digits of ['1234', '123', '1 2 3']) expect(wholeCall).not.toContain(digits);
    expect(journalled(effects, 'tool')).toMatchObject([{tool: {outcome: 'ok', arguments: null, result: null}}]);
  });

  test('are given to the tool that needs them, which is refused before', () => {
    const call = asked();
    const early = call.model({type: 'responseStarted', responseId: 'r2', tag: undefined}, calls('check', 'c0', 'r2'));
    expect(results(early)).toEqual([expect.stringContaining('needs pin')]);
    call.model(ended('r2'));
    press(call, '1234');
    const effects = call.model(
      {type: 'responseStarted', responseId: 'r3', tag: 'tool-1'},
      calls('check', 'c2', 'r3', '{"city":"12 34"}'),
    );
    expect(effects.filter(({do: what}) => what === 'runTool')).toMatchObject([{secrets: {pin: '1234'}}]);
    const told = call.toolFinished('c2', {kind: 'output', output: 'pin 1234 is right'});
    expect(journalled(told, 'tool')).toMatchObject([{tool: {arguments: '{"city":"•••"}', result: 'pin ••• is right'}}]);
    // The server repeats them: the model is not told for that.
    expect(results(told)).toEqual(['pin ••• is right']);
  });

  test.each([
    ['of a tool that failed', {kind: 'failed', output: 'PIN 1-2-3-4 refused'}, 'PIN ••• refused'],
    [
      'inside of longer numbers, which the model goes on with',
      {kind: 'output', output: 'order 512345, 1,234.50, 81 234'},
      'order 512345, 1,234.50, 81 234',
    ],
  ] as const)('are not told to the model by an answer %s', (_, outcome, told) => {
    const call = asked();
    press(call, '1234');
    call.model({type: 'responseStarted', responseId: 'r3', tag: 'tool-1'}, calls('check', 'c2', 'r3'));
    expect(results(call.toolFinished('c2', outcome))).toEqual([told]);
  });

  test('are not told to the model by an answer that is about what the caller entered before', () => {
    const call = asked();
    press(call, '9876');
    call.model({type: 'responseStarted', responseId: 'r3', tag: 'tool-1'}, calls('enter_pin', 'c2', 'r3'));
    press(call, '1234');
    call.model(ended('r3'), {type: 'responseStarted', responseId: 'r4', tag: 'tool-2'}, calls('check', 'c3', 'r4'));
    const told = call.toolFinished('c3', {kind: 'output', output: 'not 9876, but 1234'});
    expect(results(told)).toEqual(['not •••, but •••']);
    expect(journalled(told, 'tool')).toMatchObject([{tool: {result: 'not •••, but •••'}}]);
  });

  test('are told to the model only where the assistant says so, in an item that is secret', () => {
    const open = digitsTool('enter_pin', collectDigits({as: 'pin', digits: 4, tells: 'digits'}));
    const call = asked({tools: [open]});
    const effects = press(call, '1234');
    expect(results(effects)).toEqual([expect.stringContaining('1 2 3 4')]);
    const facts = effects.flatMap((effect): JournalEntry[] =>
      effect.do === 'journal' ? [{...effect.fact, wall: 0}] : [],
    );
    const open4 = facts.filter(entry => /1.?2.?3.?4/.test(JSON.stringify(entry)));
    expect(open4.map(entry => [entry.is, withoutWords(entry) !== undefined])).toEqual([
      ['keys', true],
      ['item', true],
    ]);
  });

  test('end at #, start over at *, and pressed before the question was over they count', () => {
    const call = Call.connected({}, '', {tools: [digitsTool('enter_pin', collectDigits({as: 'pin'}))]});
    call.at(100).reply('r1', 'i1', 2_000, undefined, false);
    press(call.at(400), '9*1');
    call
      .at(500)
      .model({type: 'responseStarted', responseId: 'r2', tag: undefined}, calls('enter_pin', 'c1', 'r2'), ended('r2'));
    press(call.at(800), '99*12');
    expect(results(press(call.at(900), '#'))).toEqual([expect.stringMatching(/^2 digits/)]);
    expect(call.timePasses(9_000).filter(({do: what}) => what === 'model')).toEqual([]);
  });

  test('that do not come are missed after a while of silence, and so are too few of them', () => {
    const call = asked();
    expect(results(call.timePasses(21_000))).toEqual([]);
    expect(results(call.timePasses(21_200))).toEqual([expect.stringContaining('entered nothing in time')]);
    const other = asked();
    press(other.at(3_000), '12');
    expect(results(other.timePasses(7_900))).toEqual([]);
    const effects = other.timePasses(8_000);
    expect(results(effects)).toEqual([expect.stringContaining('Only 2 of 4')]);
    expect(journalled(effects, 'tool')).toMatchObject([{tool: {ok: false, outcome: 'failed'}}]);
  });

  test('are not recorded, nor heard by the model, from the first key to the last', () => {
    const call = asked();
    const collecting = () => call.effects.flatMap(effect => (effect.do === 'collecting' ? [effect.isOn] : []));
    expect([collecting(), call.core.isCollecting, call.core.isMuted]).toEqual([[true], true, false]);
    press(call, '1');
    expect(call.core.isMuted).toBe(true);
    press(call, '234');
    expect([collecting(), call.core.isCollecting, call.core.isMuted]).toEqual([[true, false], false, false]);
  });

  test('are waited for while the caller says something, and are not asked for twice at a time', () => {
    const call = asked();
    call.at(3_000).model(speechEvent('u1', 'callerSpoke', 100), speechEvent('u1', 'callerStopped', 900));
    call
      .at(4_000)
      .model({type: 'turnCommitted', itemId: 'u1'}, {type: 'responseStarted', responseId: 'r2', tag: undefined});
    press(call, '12');
    const effects = call.model(calls('enter_pin', 'c2', 'r2'), ended('r2'));
    expect(results(effects)).toEqual([expect.stringContaining('something else')]);
    expect(results(press(call, '5678'))).toEqual([expect.stringMatching(/^4 digits/)]);
  });

  test('are not lost with the worker: the next one goes on in the middle of them', () => {
    const before = asked();
    press(before, '12');
    const entries = before.effects.flatMap((effect): JournalEntry[] =>
      effect.do === 'journal' ? [{...effect.fact, wall: 0}] : [],
    );
    const next = new Call({}, '', {tools}, entries);
    expect([next.core.isCollecting, next.core.isMuted]).toEqual([true, true]);
    next.edge(began);
    press(next, '3');
    next.model({type: 'ready'});
    const effects = press(next, '4');
    expect(results(effects)).toEqual([expect.stringMatching(/^4 digits/)]);
    const started = {type: 'responseStarted', responseId: 'r9', tag: responseTags(effects)[0]} as const;
    const ran = next.model(started, calls('check', 'c9', 'r9'));
    expect(ran.filter(({do: what}) => what === 'runTool')).toMatchObject([{secrets: {pin: '1234'}}]);
  });
});
