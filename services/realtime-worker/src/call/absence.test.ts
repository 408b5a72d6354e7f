import {describe, expect, test} from 'vitest';
import {StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import type {CallEffect} from '../events/call-effect.ts';
import type {JournalEntry} from '../events/journal-entry.ts';
import type {ModelEvent} from '../model/model-adapter.ts';
import {
  began,
  Call,
  callEnding,
  commandsToModel,
  ended,
  journalled,
  responseTags,
  speechEvent,
} from '../testing/call.ts';
import {assistantTools} from '../tools/assistant-tools.ts';
import {sendDigits} from '../tools/send-digits.ts';
import {transferTool} from '../tools/transfer.ts';

const settings = {variables: {}, allow: ['+4755*'], language: null};
const toDesk = transferTool(
  'to_desk',
  {kind: 'transfer', to: '+4722334455', when: 'The caller wants a person.', say: 'I will connect you.'},
  settings,
);
const anywhere = transferTool('dial', {kind: 'transfer', to: '*', when: 'The caller names a number.'}, settings);
const tools = [...assistantTools, toDesk, anywhere, sendDigits];
const calls = (name: string, args: object, responseId = 'r1'): ModelEvent => ({
  type: 'toolCalled',
  responseId,
  itemId: `item-${name}`,
  callId: `call-${name}`,
  name,
  arguments: JSON.stringify(args),
});
const started = (responseId: string, tag?: string): ModelEvent => ({type: 'responseStarted', responseId, tag});
const results = (effects: readonly CallEffect[]) =>
  commandsToModel(effects).flatMap(command =>
    command.do === 'add' && command.item.kind === 'toolResult' ? [command.item.output] : [],
  );
const gone = (effects: readonly CallEffect[]) => effects.filter(effect => effect.do === 'away');
const otherStream = {...began, streamSid: StreamSid.parse(`MZ${'2'.repeat(32)}`)};
const SUMMARY = {summary: 'Ada wants to change her order.'};

/** The caller asked for a person, heard that they are connected, and is gone. */
function transferred(): Call {
  const call = Call.inConversation({}, {tools, idlePromptMs: 5_000, noSpeechMs: 8_000});
  call.at(1_000).model(started('r1'), calls('to_desk', SUMMARY), ended('r1'));
  const tag = responseTags(call.effects).at(-1);
  call.at(1_200).reply('r2', 'i2', 800, tag);
  call.returnMarks();
  call.edge({kind: 'ended', why: 'moved'});
  return call;
}

/** The entries of a call's journal, all of one moment. */
const journalOf = (call: Call): JournalEntry[] =>
  call.effects.flatMap(effect => (effect.do === 'journal' ? [{...effect.fact, wall: 0}] : []));

describe('a caller who asks for a person', () => {
  test('hears the sentence to its end, and only then leaves', () => {
    const call = Call.inConversation({}, {tools});
    call.at(1_000).model(started('r1'), calls('to_desk', SUMMARY), ended('r1'));
    expect(commandsToModel(call.effects).at(-1)).toMatchObject({
      do: 'respond',
      instructions: expect.stringContaining('"I will connect you."'),
      speechOnly: true,
    });
    call.at(1_200).reply('r2', 'i2', 800, responseTags(call.effects).at(-1));
    expect(gone(call.effects)).toEqual([]);
    expect(gone(call.returnMarks())).toMatchObject([
      {away: 0, order: {kind: 'number', to: '+4722334455', ringSeconds: 20, whisper: {say: SUMMARY.summary, key: '1'}}},
    ]);
    expect(callEnding(call.effects)).toBeUndefined();
  });

  test('stays if they speak before they have heard it', () => {
    const call = Call.inConversation({}, {tools});
    call.at(1_000).model(started('r1'), calls('to_desk', SUMMARY), ended('r1'));
    call.at(1_200).reply('r2', 'i2', 800, responseTags(call.effects).at(-1));
    call.at(1_400).model(speechEvent('u2', 'callerSpoke'), speechEvent('u2', 'callerStopped', 400));
    call.at(1_900).model({type: 'turnCommitted', itemId: 'u2'});
    call.returnMarks();
    expect(gone(call.effects)).toEqual([]);
    expect(results(call.effects)).toEqual([expect.stringContaining('The caller spoke')]);
  });

  test('is connected all the same when the sentence never comes', () => {
    const call = Call.inConversation({}, {tools});
    call.at(1_000).model(started('r1'), calls('to_desk', SUMMARY), ended('r1'));
    for (let at = 2_000; at <= 10_000; at += 1_000) call.timePasses(at);
    expect(gone(call.effects)).toHaveLength(1);
    call.edge({kind: 'ended', why: 'moved'});
    for (let at = 11_000; at <= 40_000; at += 1_000) call.timePasses(at);
    expect(callEnding(call.effects)).toBeUndefined();
  });
});

describe('while the caller is away', () => {
  test('nobody asks whether they are there, and silence ends no call', () => {
    const call = transferred();
    const before = call.effects.length;
    for (let at = 4_000; at < 60_000; at += 1_000) call.timePasses(at);
    expect(call.effects.slice(before)).toEqual([]);
  });

  test('a draining worker hands the call over', () => {
    expect(transferred().drain()).toContainEqual({do: 'handOver'});
  });

  test('no session is replaced for its age', () => {
    const call = transferred();
    expect(call.core.deadline).toBeLessThan(400_000);
  });

  test('a hang-up ends the call, and the record says that they hung up', () => {
    const call = transferred();
    const effects = call.at(9_000).endedElsewhere('caller.hung-up');
    expect(callEnding(effects)).toMatchObject({reason: 'caller.hung-up'});
    expect(journalled(effects, 'away')).toMatchObject([{away: {outcome: 'hung-up', kind: 'number', lastTwo: '55'}}]);
    expect(journalled(effects, 'failover')).toEqual([]);
  });

  test('the call ends as transferred if they never come back and nobody says why', () => {
    const call = transferred();
    const effects = call.timePasses(300_000);
    expect(callEnding(effects)).toMatchObject({reason: 'assistant.transferred'});
    expect(journalled(effects, 'away')).toMatchObject([{away: {outcome: 'unknown'}}]);
  });
});

describe('a caller whom nobody took', () => {
  test.each([
    ['busy', 'busy'],
    ['no-answer', 'within 20 seconds'],
    ['declined', 'nobody took it'],
    ['failed', 'could not be reached'],
    ['refused', 'may not be called'],
  ] as const)('comes back to an assistant that knows it: %s', (outcome, words) => {
    const call = transferred();
    const effects = call.at(20_000).edge(otherStream);
    expect(effects).toContainEqual({do: 'lookUpReturn', away: 0});
    const told = call.at(20_010).returned(outcome);
    expect(results(told)).toEqual([expect.stringContaining(words)]);
    expect(responseTags(told)).toHaveLength(1);
    expect(journalled(told, 'away')).toMatchObject([{away: {away: 0, outcome, tool: 'to_desk', lastTwo: '55'}}]);
    expect(journalled(told, 'tool')).toMatchObject([{tool: {name: 'to_desk', ok: false}}]);
    expect(journalled(call.effects, 'failover')).toEqual([]);
  });

  test('is spoken to although nobody reports the outcome', () => {
    const call = transferred();
    call.at(20_000).edge(otherStream);
    const effects = call.timePasses(24_000);
    expect(results(effects)).toEqual([expect.stringContaining('not known why')]);
    expect(responseTags(effects)).toHaveLength(1);
  });

  test('is asked whether they are there again once they are back', () => {
    const call = transferred();
    call.at(20_000).edge(otherStream);
    call.at(20_010).returned('busy');
    call.at(20_100).reply('r3', 'i3', 500, responseTags(call.effects).at(-1));
    call.returnMarks();
    expect(responseTags(call.timePasses(27_000))).toHaveLength(1);
  });
});

describe('the owner dies while the caller is away', () => {
  test('the next one goes on in the same absence, and asks nobody for a transfer again', () => {
    const before = journalOf(transferred());
    const next = new Call({}, '', {tools}, before);
    next.at(1_000).model({type: 'ready'});
    expect(gone(next.effects)).toEqual([]);
    expect(responseTags(next.effects)).toEqual([]);
    const back = next.at(2_000).edge(otherStream);
    expect(back).toContainEqual({do: 'lookUpReturn', away: 0});
    const told = next.returned('no-answer');
    expect(results(told)).toEqual([expect.stringContaining('Nobody answered')]);
    expect(journalled(told, 'away')).toMatchObject([{away: {away: 0, outcome: 'no-answer'}}]);
  });

  test('a caller who had not left yet is sent away by the next one', () => {
    const before = journalOf(transferred());
    const next = new Call({}, '', {tools}, before);
    next.at(1_000).model({type: 'ready'});
    expect(gone(next.edge(began))).toMatchObject([{away: 0, order: {to: '+4722334455'}}]);
  });

  test('a caller who cannot be sent away is told so', () => {
    const call = Call.inConversation({}, {tools});
    call.at(1_000).model(started('r1'), calls('to_desk', SUMMARY), ended('r1'));
    call.at(1_200).reply('r2', 'i2', 800, responseTags(call.effects).at(-1));
    call.returnMarks();
    expect(results(call.timePasses(13_000))).toEqual([expect.stringContaining('could not be reached')]);
  });
});

describe('the model', () => {
  test.each([
    ['+19005550100', 'may not be transferred'],
    ['22 33 44 55', 'is no destination'],
    ['the police', 'is no destination'],
    ['+47 55 00 00 00', undefined],
  ])('asks for %s', (to, refusal) => {
    const call = Call.inConversation({}, {tools});
    call.at(1_000).model(started('r1'), calls('dial', {to, ...SUMMARY}), ended('r1'));
    const told = results(call.effects);
    if (refusal === undefined) expect(told).toEqual([]);
    else expect(told).toEqual([expect.stringContaining(refusal)]);
    call.returnMarks();
    call.timePasses(8_000);
    expect(gone(call.effects)).toHaveLength(refusal === undefined ? 1 : 0);
  });

  test('must say what the person should know', () => {
    const call = Call.inConversation({}, {tools});
    call.at(1_000).model(started('r1'), calls('to_desk', {}), ended('r1'));
    expect(results(call.effects)).toEqual([expect.stringContaining('summary')]);
  });

  test('presses keys, and is told when they were pressed', () => {
    const call = Call.inConversation({}, {tools});
    call.at(1_000).model(started('r1'), calls('send_digits', {digits: 'ww12#'}), ended('r1'));
    call.timePasses(3_100);
    call.timePasses(6_000);
    expect(gone(call.effects)).toMatchObject([{order: {kind: 'digits', to: 'ww12#'}}]);
    call.edge({kind: 'ended', why: 'moved'});
    call.at(8_000).edge(otherStream);
    expect(results(call.returned('sent'))).toEqual([expect.stringContaining('ww12# were pressed')]);
    expect(journalled(call.effects, 'tool').at(-1)).toMatchObject({tool: {name: 'send_digits', ok: true}});
  });

  test.each(['', 'www', '12a', '1'.repeat(41)])('cannot press %s', digits => {
    const call = Call.inConversation({}, {tools});
    call.at(1_000).model(started('r1'), calls('send_digits', {digits}), ended('r1'));
    expect(results(call.effects)).toEqual([expect.stringContaining('digits: must be')]);
  });
});
