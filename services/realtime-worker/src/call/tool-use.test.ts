import {describe, expect, test} from 'vitest';
import type {CallEffect} from '../events/call-effect.ts';
import type {JournalEntry} from '../events/journal-entry.ts';
import type {ModelEvent} from '../model/model-adapter.ts';
import {
  began,
  Call,
  callEnding,
  commandsToModel,
  ended,
  hangUp,
  journalled,
  responseTags,
  speechEvent,
} from '../testing/call.ts';
import {openingHours, ScriptedLookUp, toolsWith} from '../testing/tools.ts';
import type {ImmediateTool} from '../tools/tool.ts';

const tools = toolsWith(new ScriptedLookUp());
const found = {kind: 'output', output: 'It was sent on Monday.'} as const;
const calls = (name: string, callId: string, responseId = 'r1', args = '{"city":"Bern"}'): ModelEvent => ({
  type: 'toolCalled',
  responseId,
  itemId: `item-${callId}`,
  callId,
  name,
  arguments: args,
});
const started = (responseId: string, tag?: string): ModelEvent => ({type: 'responseStarted', responseId, tag});
const results = (effects: readonly CallEffect[]) =>
  commandsToModel(effects).flatMap(command =>
    command.do === 'add' && command.item.kind === 'toolResult' ? [command.item] : [],
  );
const added = (effects: readonly CallEffect[]) =>
  commandsToModel(effects).flatMap(command => (command.do === 'add' ? [command.item.kind] : []));
const run = (effects: readonly CallEffect[]) => effects.filter(effect => effect.do === 'runTool');

/** A caller asked something, and the model looks it up. */
const lookingUp = (special: object = {}) => {
  const call = Call.connected({}, '', {tools, ...special});
  call.at(100).model(speechEvent('u1', 'callerSpoke'), speechEvent('u1', 'callerStopped', 600));
  call.at(1_000).model({type: 'turnCommitted', itemId: 'u1'}, started('r1'), calls('look_up', 'c1'), ended('r1'));
  return call;
};

describe('a tool that answers at once', () => {
  test('is run, and the model is given its result and asked to speak', () => {
    const call = Call.connected({}, '', {tools});
    const effects = call.model(started('r1'), calls('opening_hours', 'c1'), ended('r1'));
    expect(results(effects)).toMatchObject([{callId: 'c1', output: 'Bern: 9 to 5'}]);
    expect(responseTags(effects)).toEqual(['tool-1']);
    expect(journalled(effects, 'tool')).toMatchObject([{tool: {name: 'opening_hours', durationMs: 0, ok: true}}]);
  });

  test('is not run with arguments that are no JSON object, and the model is told so', () => {
    const call = Call.connected({}, '', {tools});
    const effects = call.model(started('r1'), calls('opening_hours', 'c1', 'r1', '{"city":'), ended('r1'));
    expect(results(effects)).toMatchObject([{output: expect.stringContaining('must be one JSON object')}]);
    expect(journalled(effects, 'tool')).toMatchObject([{tool: {ok: false}}]);
  });

  test('does not end the call when it throws: the model is told that it failed', () => {
    const broken: ImmediateTool = {
      ...openingHours,
      run: () => {
        throw new Error('a bug');
      },
    };
    const call = Call.connected({}, '', {tools: [broken]});
    const effects = call.model(started('r1'), calls('opening_hours', 'c1'), ended('r1'));
    expect(results(effects)).toMatchObject([{output: expect.stringContaining('opening_hours failed')}]);
    expect(responseTags(effects)).toEqual(['tool-1']);
    expect(effects).toContainEqual(expect.objectContaining({do: 'warn', detail: 'a bug'}));
  });

  test('can transfer the call: the line closes after the last word, and the webhook is told to whom', () => {
    const transfer: ImmediateTool = {
      ...openingHours,
      name: 'transfer',
      run: () => ({
        kind: 'leave',
        intent: 'transfer',
        reason: 'assistant.transferred',
        facts: {transferTo: '+15550100'},
      }),
    };
    const call = Call.connected({}, '', {tools: [transfer]});
    call.at(100).reply('r1', 'i1', 1_000, undefined, false);
    call.model({type: 'audioEnded', itemId: 'i1'}, calls('transfer', 'c1'), ended('r1'));
    expect(callEnding(call.effects)).toBeUndefined();
    expect(callEnding(call.at(1_200).returnMarks())).toEqual({
      do: 'leave',
      intent: 'transfer',
      facts: {transferTo: '+15550100'},
      reason: 'assistant.transferred',
    });
  });
});

describe('a tool that answers later', () => {
  test('is run by the shell, and the model is asked to speak when the result is there', () => {
    const call = lookingUp();
    expect(run(call.effects)).toEqual([{do: 'runTool', callId: 'c1', name: 'look_up', args: {city: 'Bern'}}]);
    expect([results(call.effects), responseTags(call.effects)]).toEqual([[], []]);
    const effects = call.at(3_500).toolFinished('c1', found);
    expect(results(effects)).toMatchObject([{callId: 'c1', output: 'It was sent on Monday.'}]);
    expect(responseTags(effects)).toEqual(['tool-1']);
  });

  test('is in the call record twice: when it was called, and with its duration when the result came', () => {
    const call = lookingUp();
    call.at(3_500).toolFinished('c1', found);
    const tool = {call: 0, name: 'look_up', at: 1_000};
    expect(journalled(call.effects, 'tool')).toMatchObject([
      {tool: {...tool, durationMs: null, ok: false}},
      {tool: {...tool, durationMs: 2_500, ok: true}},
    ]);
  });

  test('that fails is recorded so, and the model is told in words', () => {
    const effects = lookingUp().at(2_000).toolFinished('c1', {kind: 'failed', output: 'It failed.'});
    expect(results(effects)).toMatchObject([{output: 'It failed.'}]);
    expect(journalled(effects, 'tool')).toMatchObject([{tool: {durationMs: 1_000, ok: false}}]);
    expect(responseTags(effects)).toEqual(['tool-1']);
  });

  test('is answered once, however often its result comes', () => {
    const call = lookingUp();
    call.at(2_000).toolFinished('c1', found);
    expect(call.toolFinished('c1', found)).toEqual([]);
    expect(call.toolFinished('c9', found)).toEqual([]);
  });

  test('keeps the caller waiting without a second request to the model', () => {
    const call = lookingUp();
    for (let at = 2_000; at < 8_000; at += 500) call.timePasses(at);
    expect(responseTags(call.effects)).toEqual([]);
    expect(callEnding(call.effects)).toBeUndefined();
  });

  test('is not taken for silence of the caller, who is not asked whether they are there', () => {
    const call = lookingUp({idlePromptMs: 1_000});
    for (let at = 2_000; at < 6_000; at += 500) call.timePasses(at);
    expect(responseTags(call.effects)).toEqual([]);
  });

  test('and another of the same reply are answered together', () => {
    const call = Call.connected({}, '', {tools});
    call.model(
      started('r1'),
      calls('look_up', 'c1'),
      calls('opening_hours', 'c2'),
      calls('look_up', 'c3'),
      ended('r1'),
    );
    expect(responseTags(call.effects)).toEqual([]);
    expect(responseTags(call.at(500).toolFinished('c3', found))).toEqual([]);
    expect(responseTags(call.at(900).toolFinished('c1', found))).toEqual(['tool-1']);
    expect(results(call.effects).map(({callId}) => callId)).toEqual(['c2', 'c3', 'c1']);
  });

  test('whose result comes while the caller speaks waits until they have been answered', () => {
    const call = lookingUp();
    call.at(2_000).model(speechEvent('u2', 'callerSpoke'));
    const effects = call.at(2_300).toolFinished('c1', found);
    expect(results(effects)).toHaveLength(1);
    expect(responseTags(effects)).toEqual([]);
    call.model({type: 'itemAdded', itemId: 'result-c1'});
    call.at(3_000).model(speechEvent('u2', 'callerStopped', 2_800), {type: 'turnCommitted', itemId: 'u2'});
    call.model(started('r2'));
    call.reply('r2', 'i2', 500);
    // The answer began after the result was in the conversation: it covers the result.
    expect(responseTags(call.effects)).toEqual([]);
  });

  test('is not run at all when the caller has spoken over the reply that calls it', () => {
    const call = Call.connected({}, '', {tools});
    call.reply('r1', 'i1', 2_000, undefined, false);
    call.at(500).model(speechEvent('u1', 'callerSpoke'), calls('look_up', 'c1'));
    expect(run(call.effects)).toEqual([]);
    expect(results(call.effects)).toMatchObject([{output: expect.stringContaining('goes on')}]);
  });

  test('whose reply the caller spoke over later still gives the model its result', () => {
    const call = Call.connected({}, '', {tools});
    call.reply('r1', 'i1', 2_000, undefined, false);
    call.model(calls('look_up', 'c1'));
    call.at(500).model(speechEvent('u1', 'callerSpoke'));
    expect(results(call.at(800).toolFinished('c1', found))).toHaveLength(1);
  });

  test('gives its result together with its call to a session that did not make the call', () => {
    const call = lookingUp();
    call.at(1_500).model({type: 'lost', cause: 'closed', detail: ''});
    call.at(1_600).model({type: 'ready'});
    expect(added(call.effects)).toEqual(['caller']);
    const effects = call.at(3_000).toolFinished('c1', found);
    expect(added(effects)).toEqual(['toolCall', 'toolResult']);
    expect(responseTags(effects)).toEqual(['tool-1']);
  });

  test('whose result comes while no session is in use has it told to the next one, with its call', () => {
    const call = lookingUp();
    call.at(1_500).model({type: 'lost', cause: 'closed', detail: ''});
    expect(added(call.at(1_600).toolFinished('c1', found))).toEqual([]);
    const effects = call.at(1_700).model({type: 'ready'});
    expect(added(effects)).toEqual(['caller', 'toolCall', 'toolResult']);
    expect(responseTags(effects)).toHaveLength(1);
  });

  test('keeps the call on a worker that is to leave until the result is there, or for four seconds', () => {
    const handsOver = (effects: readonly CallEffect[]) => effects.some(effect => effect.do === 'handOver');
    const call = lookingUp();
    expect(handsOver(call.at(2_000).drain())).toBe(false);
    expect(handsOver(call.timePasses(5_999))).toBe(false);
    expect(handsOver(call.timePasses(6_000))).toBe(true);
  });

  test('has its result ignored when the call is over', () => {
    const call = lookingUp();
    call.endedElsewhere('caller.hung-up');
    expect(call.at(2_000).toolFinished('c1', found)).toEqual([]);
  });

  test('may not speak after the goodbye: the model has the result, and is asked nothing', () => {
    const call = lookingUp();
    call.at(2_000).reply('r2', 'i2', 1_000, undefined, false);
    call.model(hangUp('r2'), {type: 'audioEnded', itemId: 'i2'}, ended('r2'));
    const effects = call.at(2_500).toolFinished('c1', found);
    expect(results(effects)).toHaveLength(1);
    expect(responseTags(effects)).toEqual([]);
    expect(callEnding(call.at(3_200).returnMarks())).toMatchObject({intent: 'hang-up'});
  });

  test('counts as a round: a model that only calls tools is made to speak', () => {
    const call = Call.connected({}, '', {tools, toolRounds: 2});
    call.model(started('r1'), calls('look_up', 'c1'), ended('r1'));
    call.toolFinished('c1', found);
    call.model(started('r2', 'tool-1'), calls('look_up', 'c2', 'r2'), ended('r2'));
    expect(commandsToModel(call.toolFinished('c2', found)).at(-1)).toMatchObject({do: 'respond', speechOnly: true});
  });

  test('can end the call: the line closes when the caller has heard what was said', () => {
    const call = Call.connected({}, '', {tools});
    call.at(100).reply('r1', 'i1', 2_000, undefined, false);
    call.model(calls('look_up', 'c1'), {type: 'audioEnded', itemId: 'i1'}, ended('r1'));
    call.at(1_500).toolFinished('c1', {kind: 'leave', intent: 'hang-up', reason: 'assistant.hung-up'});
    expect(callEnding(call.timePasses(2_050))).toBeUndefined();
    expect(callEnding(call.at(2_200).returnMarks())).toMatchObject({do: 'leave', intent: 'hang-up'});
    expect(journalled(call.effects, 'tool').at(-1)).toMatchObject({tool: {ok: true, durationMs: 2_100}});
  });

  test('cannot end the call when the caller has spoken over the reply that called it', () => {
    const call = Call.connected({}, '', {tools});
    call.reply('r1', 'i1', 2_000, undefined, false);
    call.model(calls('look_up', 'c1'));
    call.at(500).model(speechEvent('u1', 'callerSpoke'));
    call.at(800).toolFinished('c1', {kind: 'leave', intent: 'hang-up', reason: 'assistant.hung-up'});
    expect(results(call.effects)).toMatchObject([{output: expect.stringContaining('goes on')}]);
    call.returnMarks();
    call.timePasses(9_000);
    expect(callEnding(call.effects)).toBeUndefined();
  });
});

describe('a call that moved while a tool was running', () => {
  const entries = (...items: Extract<JournalEntry, {is: 'item'}>['item'][]): JournalEntry[] =>
    items.map(item => ({is: 'item', item, wall: 0}));
  const question = {kind: 'caller', id: 'u1', text: 'Where is my order?'} as const;
  const lookUp = {kind: 'toolCall', id: 't1', callId: 'c1', name: 'look_up', arguments: '{}'} as const;
  const goOn = (before: readonly JournalEntry[]) => {
    const call = new Call({}, '', {tools}, before);
    call.model({type: 'ready'});
    call.edge(began);
    return call;
  };

  test('is told to the model without the call that nobody answers, and the model is asked again', () => {
    const call = goOn(entries(question, lookUp));
    expect(added(call.effects)).toEqual(['caller']);
    expect(responseTags(call.effects)).toEqual(['recovery-1']);
  });

  test('ignores a result that belongs to another worker', () => {
    expect(goOn(entries(question, lookUp)).toolFinished('c1', found)).toEqual([]);
  });

  test('asks nothing where the caller was answered since', () => {
    const answer = {kind: 'assistant', id: 'a1', text: 'Just a moment.'} as const;
    const call = goOn(entries(question, lookUp, {...question, id: 'u2'}, answer));
    expect(responseTags(call.effects)).toEqual([]);
  });
});
