import {StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import type {AwayOrder} from '@voicebridge/shared/protocol/away.ts';
import {describe, expect, test} from 'vitest';
import type {CallEffect} from '../events/call-effect.ts';
import type {JournalEntry} from '../events/journal-entry.ts';
import {began, Call, callEnding, commandsToModel, framesToEdge, journalled, responseTags} from '../testing/call.ts';
import {operatorDestinations, operatorOrder, transferTool} from '../tools/transfer.ts';

const settings = {variables: {}, allow: [], language: null};
const desk = {kind: 'transfer', when: 'The caller wants a person.'} as const;
const tools = [
  transferTool('to_desk', {...desk, to: '+4722334455'}, settings),
  transferTool('to_team', {...desk, to: {oneOf: {sales: '+4722000001', support: {queue: 'support'}}}}, settings),
  transferTool('to_queue', {...desk, to: {queue: 'desk', workflow: `WW${'1'.repeat(32)}`}}, settings),
  transferTool('anywhere', {...desk, to: '*'}, settings),
];
const orderTo = (to: string, allow: readonly string[] = []): AwayOrder => {
  const order = operatorOrder(to, tools, allow);
  if (!order) throw new Error(`${to} is not allowed`);
  return order;
};
const gone = (effects: readonly CallEffect[]) => effects.filter(effect => effect.do === 'away');
const otherStream = {...began, streamSid: StreamSid.parse(`MZ${'2'.repeat(32)}`)};

describe('where an operator may send a caller', () => {
  test('is what the file of the assistant names, and what TRANSFER_ALLOW allows; nothing else', () => {
    expect(operatorDestinations(tools, ['+4755*'])).toEqual([
      '+4722334455',
      '+4722000001',
      'queue:support',
      'queue:desk',
      '+4755*',
    ]);
    expect(orderTo('+4722334455')).toMatchObject({kind: 'number', isNamed: true});
    expect(orderTo('+4755000000', ['+4755*'])).toMatchObject({kind: 'number', isNamed: false});
    expect(operatorOrder('+4755000000', tools, [])).toBeUndefined();
    expect(operatorOrder('the boss', tools, ['+4755*'])).toBeUndefined();
  });

  test('is a queue, too: by its name, with its workflow, and for as long as callers wait in queues', () => {
    const queue = {kind: 'queue', ringSeconds: 120};
    expect(orderTo('queue:support')).toMatchObject({...queue, to: 'support', isNamed: true, workflow: null});
    expect(orderTo('queue:desk')).toMatchObject({to: 'desk', workflow: `WW${'1'.repeat(32)}`});
    expect(orderTo('queue:night', ['queue:night'])).toMatchObject({...queue, to: 'night', isNamed: false});
    expect(operatorOrder('queue:night', tools, ['+4755*'])).toBeUndefined();
    expect(operatorOrder('support', tools, ['queue:support'])).toBeUndefined();
  });
});

describe('an operator sends the caller to a person', () => {
  /** The assistant speaks, and an operator has enough of it. */
  function transferred(): Call {
    const call = Call.inConversation({}, {tools});
    call.at(900).model({type: 'responseStarted', responseId: 'r1', tag: undefined});
    call.at(1_000).reply('r1', 'i1', 4_000, undefined);
    call.at(2_000).transfer(orderTo('+4722334455'));
    return call;
  }

  test('in the middle of a word of the assistant, who falls silent at once', () => {
    const call = transferred();
    expect(framesToEdge(call.effects)).toContain('clear');
    expect(gone(call.effects)).toMatchObject([{away: 0, order: {to: '+4722334455', whisper: null}}]);
    expect(journalled(call.effects, 'away')).toMatchObject([{away: {tool: 'operator_transfer', lastTwo: '55'}}]);
    expect(callEnding(call.effects)).toBeUndefined();
  });

  test('and the assistant knows the outcome when they are back', () => {
    const call = transferred();
    call.edge({kind: 'ended', why: 'moved'});
    call.at(20_000).edge(otherStream);
    const told = call.at(20_010).returned('busy');
    const results = commandsToModel(told).flatMap(command =>
      command.do === 'add' && command.item.kind === 'toolResult' ? [command.item.output] : [],
    );
    expect(results).toEqual([expect.stringContaining('busy')]);
    expect(responseTags(told)).toHaveLength(1);
    // A result without its call would be refused.
    const items = commandsToModel(call.effects).flatMap(command => (command.do === 'add' ? [command.item.kind] : []));
    expect(items.indexOf('toolCall')).toBeLessThan(items.indexOf('toolResult'));
    expect(journalled(told, 'tool')).toMatchObject([{tool: {name: 'operator_transfer', ok: false}}]);
  });

  test('and a second one while they are on their way changes nothing', () => {
    const call = transferred();
    expect(call.at(2_100).transfer(orderTo('+4722000001'))).toEqual([]);
  });

  test('and the next owner goes on in the same absence, and tells the model nothing before they are back', () => {
    const call = transferred();
    call.edge({kind: 'ended', why: 'moved'});
    const journal: JournalEntry[] = call.effects.flatMap(effect =>
      effect.do === 'journal' ? [{...effect.fact, wall: 0}] : [],
    );
    const next = new Call({}, '', {tools}, journal);
    next.at(1_000).model({type: 'ready'});
    expect(responseTags(next.effects)).toEqual([]);
    next.at(2_000).edge(otherStream);
    const told = next.at(2_010).returned('accepted');
    expect(responseTags(told)).toHaveLength(1);
  });
});
