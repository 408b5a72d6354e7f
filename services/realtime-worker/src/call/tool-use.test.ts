import {ToolCallRecord} from '@voicebridge/shared/cdr/call-record.ts';
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
  sound,
  speechEvent,
} from '../testing/call.ts';
import {openingHours, ScriptedLookUp, toolsWith} from '../testing/tools.ts';
import type {BackgroundTool, ImmediateTool} from '../tools/tool.ts';

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
    const call = Call.inConversation({}, {tools: [transfer]});
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

  test('is not asked for an answer before every tool of the response has its result, however early the first has one', () => {
    const lookUp = new ScriptedLookUp();
    const call = Call.connected({}, '', {tools: toolsWith(lookUp)});
    call.model(started('r1'), calls('opening_hours', 'c1'), calls('look_up', 'c2'));
    call.at(100).toolFinished('c2', found);
    const effects = call.at(200).model(calls('look_up', 'c3'), ended('r1'));
    expect(responseTags([...call.effects, ...effects])).toEqual([]);
    expect(responseTags(call.at(900).toolFinished('c3', found))).toEqual(['tool-1']);
    expect(call.at(3_500).timePasses(3_500)).toEqual([]);
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
    const call = Call.inConversation({}, {tools});
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

describe('the rules of a tool', () => {
  const withRules = (rules: Partial<BackgroundTool>) => [...toolsWith(Object.assign(new ScriptedLookUp(), rules))];

  test('wrong arguments are told to the model with their place, and nothing runs', () => {
    const check = () => 'people: expected a number';
    const call = Call.connected({}, '', {tools: withRules({check})});
    const effects = call.model(started('r1'), calls('look_up', 'c1'), ended('r1'));
    expect(run(effects)).toEqual([]);
    expect(results(effects)).toMatchObject([{output: expect.stringContaining('people: expected a number')}]);
    expect(responseTags(effects)).toEqual(['tool-1']);
  });

  test('a caller who waits is told so word for word, and again when they have heard nothing for long', () => {
    const waiting = {say: ['One moment.', 'Still looking.'], afterMs: 800};
    const call = lookingUp({tools: withRules({waiting})});
    // The model takes a while to begin, so it is asked before.
    expect(call.core.deadline).toBe(1_200);
    const first = commandsToModel(call.timePasses(1_200));
    expect(first).toMatchObject([
      {do: 'respond', instructions: expect.stringContaining('"One moment."'), speechOnly: true},
    ]);
    call.at(1_500).model({type: 'responseStarted', responseId: 'w1', tag: 'wait-1'});
    call.at(2_000).model({type: 'audio', responseId: 'w1', itemId: 'iw1', payload: sound(1_000)}, ended('w1'));
    call.returnMarks();
    expect(responseTags(call.timePasses(3_150))).toEqual([]);
    expect(commandsToModel(call.timePasses(3_201))).toMatchObject([
      {instructions: expect.stringContaining('"Still looking."')},
    ]);
  });

  test('a result that comes while the caller is told to wait is spoken after that', () => {
    const call = lookingUp({tools: withRules({waiting: {say: ['One moment.'], afterMs: 800}})});
    call.timePasses(1_800);
    call.at(1_900).model({type: 'responseStarted', responseId: 'w1', tag: 'wait-1'});
    call.at(1_900).model({type: 'audio', responseId: 'w1', itemId: 'iw1', payload: sound(500)});
    expect(call.at(1_950).toolFinished('c1', found)).not.toContainEqual(expect.objectContaining({do: 'clear'}));
    call.model({type: 'itemAdded', itemId: 'result-c1'});
    expect(responseTags(call.at(2_000).model(ended('w1')))).toEqual(['tool-2']);
    expect(commandsToModel(call.effects)).not.toContainEqual(expect.objectContaining({do: 'cancel'}));
  });

  test.each(['before', 'after'])(
    'words that the model was asked for are said though the result is there, since without them it is silent for longer: it comes %s the model has begun',
    when => {
      const call = lookingUp({tools: withRules({waiting: {say: ['One moment.'], afterMs: 800}})});
      call.timePasses(1_800);
      const begin = () => call.at(1_900).model({type: 'responseStarted', responseId: 'w1', tag: 'wait-1'});
      if (when === 'after') begin();
      call.at(1_900).toolFinished('c1', found);
      call.model({type: 'itemAdded', itemId: 'result-c1'});
      if (when === 'before') begin();
      call.at(2_300).model({type: 'audio', responseId: 'w1', itemId: 'iw1', payload: sound(500)});
      call.at(2_350).model(ended('w1'));
      expect(commandsToModel(call.effects)).not.toContainEqual(expect.objectContaining({do: 'cancel'}));
      expect(responseTags(call.effects)).toEqual(['wait-1', 'tool-2']);
    },
  );

  test('a quick result needs no such words', () => {
    const call = lookingUp({tools: withRules({waiting: {say: ['One moment.'], afterMs: 800}})});
    call.at(1_500).toolFinished('c1', found);
    call.timePasses(1_900);
    expect(responseTags(call.effects)).toEqual(['tool-1']);
  });

  test('in the background it is answered at once, and its result comes as a note', () => {
    const call = Call.connected({}, '', {tools: withRules({isBackground: true})});
    call.model(started('r1'), calls('look_up', 'c1'), ended('r1'));
    expect(results(call.effects)).toMatchObject([{output: expect.stringContaining('started')}]);
    expect(responseTags(call.effects)).toEqual(['tool-1']);
    call.reply('r2', 'i2', 100, 'tool-1');
    const effects = call.at(4_000).toolFinished('c1', found);
    expect(added(effects)).toEqual(['note']);
    expect(responseTags(effects)).toEqual(['tool-2']);
  });

  test('one that stops for the caller is stopped when they speak, and the model is told', () => {
    const call = lookingUp({tools: withRules({stopsForCaller: true})});
    const effects = call.at(2_000).model(speechEvent('u2', 'callerSpoke'));
    expect(effects).toContainEqual({do: 'stopTool', callId: 'c1'});
    expect(results(effects)).toMatchObject([{output: expect.stringContaining('was stopped')}]);
    expect(call.toolFinished('c1', found)).toEqual([]);
  });

  test('a repeat with the same arguments gets the first result, whatever their order, also while that is to come', () => {
    const call = Call.connected({}, '', {tools: withRules({oncePerCall: true})});
    call.model(
      started('r1'),
      calls('look_up', 'c1', 'r1', '{"a":1,"b":2}'),
      calls('look_up', 'c2', 'r1', '{"b":2,"a":1}'),
      ended('r1'),
    );
    expect(run(call.effects)).toHaveLength(1);
    call.toolFinished('c1', found);
    expect(results(call.effects).map(({callId}) => callId)).toEqual(['c1', 'c2']);
    call.model(started('r2', 'tool-1'), calls('look_up', 'c3', 'r2', '{"a":1,"b":2}'), ended('r2'));
    expect(run(call.effects)).toHaveLength(1);
    expect(results(call.effects).at(-1)).toMatchObject({callId: 'c3', output: found.output});
  });

  test('a repeat of a call that failed runs', () => {
    const call = Call.connected({}, '', {tools: withRules({oncePerCall: true})});
    call.model(started('r1'), calls('look_up', 'c1'), ended('r1'));
    call.toolFinished('c1', {kind: 'failed', output: 'It failed.'});
    call.model(started('r2', 'tool-1'), calls('look_up', 'c2', 'r2'), ended('r2'));
    expect(run(call.effects)).toHaveLength(2);
  });

  test('one that needs a yes runs only when the caller was asked and has spoken', () => {
    const call = lookingUp({tools: withRules({needsApproval: true})});
    expect(run(call.effects)).toEqual([]);
    expect(results(call.effects)).toMatchObject([{output: expect.stringContaining('must agree')}]);
    call.model(started('r2', 'tool-1'), calls('look_up', 'c2', 'r2'), ended('r2'));
    expect(run(call.effects)).toEqual([]);
    call.at(3_000).model(speechEvent('u2', 'callerSpoke'), speechEvent('u2', 'callerStopped', 2_500));
    call.model({type: 'turnCommitted', itemId: 'u2'}, started('r3'), calls('look_up', 'c3', 'r3'), ended('r3'));
    expect(run(call.effects)).toHaveLength(1);
  });

  test('hang_up is refused before the caller has said anything', () => {
    const call = Call.connected();
    const effects = call.model(started('r1'), hangUp('r1'), ended('r1'));
    expect(results(effects)).toMatchObject([{output: expect.stringContaining('has not said anything yet')}]);
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

  test('has the tool run on, and the model is told about the call together with its result', () => {
    const call = goOn(entries(question, lookUp));
    expect(added(call.effects)).toEqual(['caller']);
    expect(run(call.effects)).toEqual([{do: 'runTool', callId: 'c1', name: 'look_up', args: {}}]);
    expect(responseTags(call.effects)).toEqual([]);
    const effects = call.at(500).toolFinished('c1', found);
    expect(added(effects)).toEqual(['toolCall', 'toolResult']);
    expect(responseTags(effects)).toEqual(['tool-1']);
  });

  test('goes on with its record: the same number, and the time since the model asked', () => {
    const tool = ToolCallRecord.parse({call: 3, turn: 2, name: 'look_up', at: 0, durationMs: null, ok: false});
    const call = goOn([...entries(question, lookUp), {is: 'tool', tool, callId: 'c1', wall: 0}]);
    call.at(700).toolFinished('c1', found);
    expect(journalled(call.effects, 'tool').at(-1)).toMatchObject({
      tool: {...tool, durationMs: 700, ok: true, outcome: 'ok'},
    });
  });

  test('by a worker without that tool is told so', () => {
    const call = goOn(entries(question, {...lookUp, name: 'gone'}));
    expect(results(call.effects)).toMatchObject([{output: expect.stringContaining('no tool')}]);
    expect(responseTags(call.effects)).toEqual(['tool-1']);
  });

  test('asks nothing where the caller was answered since', () => {
    const answer = {kind: 'assistant', id: 'a1', text: 'Just a moment.'} as const;
    const said = {is: 'said', id: 'a1', from: 0, ms: 800, wall: 0} as const;
    const call = goOn([
      ...entries(question, lookUp, {...question, id: 'u2'}, answer),
      said,
      {is: 'complete', id: 'a1', wall: 0},
    ]);
    expect(responseTags(call.effects)).toEqual([]);
  });
});
